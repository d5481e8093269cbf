//! Small MMDB files, made as the format says (MaxMind DB file format 2.0).

use std::net::IpAddr;

/// Where a side of a node leads.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database whose networks have these records, in a tree of IPv6.
pub struct Written {
    nodes: Vec<[Side; 2]>,
    data: Vec<u8>,
}

impl Written {
    pub fn new() -> Self {
        Self { nodes: vec![[Side::Nothing; 2]], data: Vec::new() }
    }

    /// A network whose record is this encoded value.
    pub fn with(mut self, network: &str, record: &[u8]) -> Self {
        let at = self.data.len();
        self.data.extend_from_slice(record);
        let (address, length) = network.split_once('/').unwrap();
        let (bits, length) = match (address.parse().unwrap(), length.parse::<usize>().unwrap()) {
            (IpAddr::V4(v4), length) => (u128::from(u32::from(v4)), 96 + length),
            (IpAddr::V6(v6), length) => (v6.into(), length),
        };
        let side = |depth: usize| usize::from(bits >> (127 - depth) & 1 == 1);
        let mut node = 0;
        for depth in 0..length - 1 {
            node = match self.nodes[node][side(depth)] {
                Side::Node(next) => next,
                before => {
                    self.nodes.push([before; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side(depth)] = Side::Node(next);
                    next
                }
            };
        }
        self.nodes[node][side(length - 1)] = Side::Data(at);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut file = Vec::new();
        for side in self.nodes.iter().flatten() {
            let number = match *side {
                Side::Nothing => count,
                Side::Node(node) => node,
                Side::Data(at) => count + 16 + at,
            };
            file.extend_from_slice(&(number as u32).to_be_bytes());
        }
        file.extend_from_slice(&[0; 16]);
        file.extend_from_slice(&self.data);
        file.extend_from_slice(super::super::mmdb::MARK);
        let number = |size: u8, bytes: &[u8]| [&[size], bytes].concat();
        file.extend(map(&[
            ("binary_format_major_version", number(0xa1, &[2])),
            ("binary_format_minor_version", number(0xa0, &[])),
            ("build_epoch", number(0x02, &[2, 1, 0])),
            ("database_type", text("Test")),
            ("description", map(&[])),
            ("ip_version", number(0xa1, &[6])),
            ("languages", vec![0x00, 0x04]),
            ("node_count", number(0xc4, &(count as u32).to_be_bytes())),
            ("record_size", number(0xa1, &[32])),
        ]));
        file
    }
}

/// A text as a value.
pub fn text(text: &str) -> Vec<u8> {
    let head: &[u8] = match text.len() {
        size @ ..29 => &[0x40 | size as u8],
        size => &[0x5d, (size - 29) as u8],
    };
    [head, text.as_bytes()].concat()
}

/// A map as a value.
pub fn map(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut value = vec![0xe0 | fields.len() as u8];
    for (name, field) in fields {
        value.extend([&text(name)[..], field].concat());
    }
    value
}

/// A record as MaxMind has them.
pub fn country(code: &str) -> Vec<u8> {
    map(&[("country", map(&[("iso_code", text(code))]))])
}
