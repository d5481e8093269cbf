//! Text of countries and lists: it is refused with a file and mostly a line, or what it says
//! answers for every address. The first byte says what it is read for.
#![no_main]

use carom::visitor::{Country, Place, PlacesBuilder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else { return };
    let mut builder = PlacesBuilder::new(["a".to_owned(), "b".to_owned()]).expect("two lists");
    let read = match first % 3 {
        0 => builder.countries("file", text),
        list => builder.list(usize::from(list) - 1, "file", text),
    };
    match read {
        Err(problems) => assert!(problems.to_string().starts_with("file:")),
        Ok(ranges) => {
            let places = builder.build().expect("two lists are not too many");
            assert!(ranges > 0 && places.ranges() == ranges && places.bytes() > 0);
            // Each four bytes, and each sixteen, are an address.
            for v4 in text.windows(4) {
                let address = [&[0; 10], &[0xff; 2][..], v4].concat();
                check(places.of(&address.try_into().expect("sixteen bytes")));
            }
            for v6 in text.windows(16) {
                check(places.of(v6.try_into().expect("sixteen bytes")));
            }
        }
    }
});

fn check(Place { country: Country(code), lists }: Place) {
    assert!(code.iter().all(u8::is_ascii_uppercase) && lists < 4);
}
