//! Houses of a few lines, to show that the rules are held.

use crate::modules::House;

pub fn house(files: &[(&str, &str)]) -> House {
    let text = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
    House::new(&files.iter().map(text).collect())
}
