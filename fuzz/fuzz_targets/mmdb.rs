//! An MMDB file: it is refused, or what it says answers. The first three bytes are the size
//! of its records and how many nodes it has, and metadata is put behind the rest, so that
//! most of the input is tree and data. Where the first is odd, the input is the file.
#![no_main]

use carom::visitor::PlacesBuilder;
use libfuzzer_sys::fuzz_target;

const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

fn file(data: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = data.split_at_checked(3)?;
    if head[0] & 1 == 1 {
        return Some(rest.to_vec());
    }
    let record = [24, 28, 32][usize::from(head[0] >> 1) % 3];
    let version = if head[0] & 0x80 == 0 { 6 } else { 4 };
    let mut file = [rest, MARK, &[0xe9]].concat();
    let mut field = |name: &str, value: &[u8]| {
        file.push(0x40 | name.len().min(28) as u8);
        file.extend([name.as_bytes(), value].concat());
    };
    field("binary_format_major_version", &[0xa1, 2]);
    field("binary_format_minor_version", &[0xa0]);
    field("build_epoch", &[0x02, 2, 1, 0]);
    field("database_type", &[0x41, b'x']);
    field("description", &[0xe0]);
    field("ip_version", &[0xa1, version]);
    field("languages", &[0x00, 0x04]);
    field("node_count", &[0xc2, head[1], head[2]]);
    field("record_size", &[0xa1, record]);
    Some(file)
}

fuzz_target!(|data: &[u8]| {
    let Some(file) = file(data) else { return };
    for is_list in [false, true] {
        let mut builder = PlacesBuilder::new(["a".to_owned()]).expect("one list");
        let read = match is_list {
            true => builder.list(0, "file", &file),
            false => builder.countries("file", &file),
        };
        match read {
            Err(problems) => assert!(problems.to_string().starts_with("file")),
            Ok(ranges) => {
                let places = builder.build().expect("one list is not too many");
                assert!(places.ranges() == ranges);
                for v6 in data.windows(16) {
                    places.of(v6.try_into().expect("sixteen bytes"));
                }
            }
        }
    }
});
