//! Countries and lists of addresses, written into files and looked up one by one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names of the lists that rules may ask for.
pub const LISTS: [&str; 3] = ["datacenter", "office", "a-1"];
/// Countries that addresses are in.
pub const COUNTRIES: [&str; 10] = ["DE", "AT", "FR", "US", "GB", "CH", "NO", "BR", "IE", "JP"];
/// The members of the European Union.
const MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

pub struct Places {
    /// First and last address, and the country.
    countries: Vec<(u32, u32, &'static str)>,
    /// The country of `::1`, if it has one.
    of_v6: Option<&'static str>,
    lists: Vec<(&'static str, Vec<String>)>,
    /// Addresses that lie at the ends of all this; requests can come from them.
    pub addresses: Vec<IpAddr>,
}

impl Places {
    /// What lies within 127.0.0.0/8, from which a test can connect.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        let mut addresses = vec![Ipv4Addr::new(127, 0, 0, 1).to_bits()];
        let mut countries = Vec::new();
        for part in 0..8u8 {
            let start = Ipv4Addr::new(127, 10 + part * 20, random.u8(..), random.u8(..)).to_bits();
            let size = [1, 2, 255, 256, 65_536, random.u32(1..1 << 18)][random.usize(..6)];
            let end = start + size - 1;
            countries.push((start, end, COUNTRIES[random.usize(..COUNTRIES.len())]));
            addresses.extend([start - 1, start, end, end + 1]);
        }
        let mut places = Self { countries, of_v6: None, lists: Vec::new(), addresses: Vec::new() };
        places.of_v6 = random.bool().then(|| COUNTRIES[random.usize(..COUNTRIES.len())]);
        for name in LISTS {
            let mut networks = Vec::new();
            for _ in 0..random.usize(1..7) {
                let bits = [9, 16, 24, 31, 32, random.u32(9..33)][random.usize(..6)];
                let (first, last, text) = network(addresses[random.usize(..addresses.len())], bits);
                networks.push(text);
                addresses.extend([first.saturating_sub(1), first, last, last.saturating_add(1)]);
            }
            if random.bool() {
                networks.push(["::1", "::/64", "2001:db8::/32"][random.usize(..3)].to_owned());
            }
            places.lists.push((name, networks));
        }
        random.shuffle(&mut addresses);
        // 127.0.0.0 and 127.255.255.255 cannot be bound.
        let ends = [Ipv4Addr::new(127, 0, 0, 0), Ipv4Addr::new(127, 255, 255, 255)];
        let is_ours = |address: &u32| {
            let address = Ipv4Addr::from_bits(*address);
            address.octets()[0] == 127 && !ends.contains(&address)
        };
        let own = addresses.into_iter().filter(is_ours).take(48);
        places.addresses = own.map(|address| Ipv4Addr::from_bits(address).into()).collect();
        places
    }

    /// A network at which one of the addresses lies.
    pub fn network(&self, random: &mut fastrand::Rng) -> String {
        let bits = [9, 16, 24, 31, 32, random.u32(8..33)][random.usize(..6)];
        match self.addresses[random.usize(..self.addresses.len())] {
            IpAddr::V4(address) => network(address.to_bits(), bits).2,
            IpAddr::V6(_) => "::1".to_owned(),
        }
    }

    pub fn is_in_country(&self, address: IpAddr, code: &str) -> bool {
        let own = self.country_of(address);
        code.eq_ignore_ascii_case(own) || code.eq_ignore_ascii_case("EU") && MEMBERS.contains(&own)
    }

    pub fn country_of(&self, address: IpAddr) -> &'static str {
        let own = match address {
            IpAddr::V4(address) => {
                let address = address.to_bits();
                let mut all = self.countries.iter();
                all.find(|(start, end, _)| (*start..=*end).contains(&address)).map(|it| it.2)
            }
            IpAddr::V6(_) => self.of_v6,
        };
        own.unwrap_or("ZZ")
    }

    pub fn lists_of(&self, address: IpAddr) -> Vec<&'static str> {
        LISTS.into_iter().filter(|name| self.is_on(name, address)).collect()
    }

    pub fn is_on(&self, name: &str, address: IpAddr) -> bool {
        let mut lists = self.lists.iter().filter(|(own, _)| *own == name);
        lists.any(|(_, networks)| networks.iter().any(|network| is_in(network, address)))
    }

    /// The file for `--geo`.
    pub fn csv(&self) -> String {
        let line = |start: IpAddr, end: IpAddr, code| format!("{start},{end},{code}\n");
        let v4 = |bits| IpAddr::from(Ipv4Addr::from_bits(bits));
        let lines = self.countries.iter().map(|&(start, end, code)| line(v4(start), v4(end), code));
        let own = IpAddr::from(Ipv6Addr::LOCALHOST);
        lines.chain(self.of_v6.map(|code| line(own, own, code))).collect()
    }

    /// Names and files for `--list`.
    pub fn list_files(&self) -> impl Iterator<Item = (&'static str, String)> {
        let text = |networks: &Vec<String>| format!("# a list\n{}\n", networks.join("\n"));
        self.lists.iter().map(move |(name, networks)| (*name, text(networks)))
    }
}

/// First and last address of the network of an address, and how it is written.
fn network(address: u32, bits: u32) -> (u32, u32, String) {
    let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
    let first = Ipv4Addr::from_bits(address & !rest);
    let text = if bits == 32 { first.to_string() } else { format!("{first}/{bits}") };
    (address & !rest, address | rest, text)
}

/// Whether an address lies in a network, which may be one address.
pub fn is_in(network: &str, address: IpAddr) -> bool {
    let (first, bits) = network.split_once('/').map_or((network, None), |(a, b)| (a, Some(b)));
    let bits = bits.map(|bits| bits.parse::<u32>().unwrap());
    match (first.parse().unwrap(), address) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            let shift = 32 - bits.unwrap_or(32);
            (u64::from(first.to_bits()) >> shift) == (u64::from(address.to_bits()) >> shift)
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            let shift = 128 - bits.unwrap_or(128);
            first.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}
