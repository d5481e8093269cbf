//! Who asks, worked out from what the request and its connection show: device, language,
//! and the place of the address. Pure: no socket, no file, no clock.

mod country;
mod device;
mod language;
mod place;
mod places;

pub use country::Country;
pub use device::{Device, Devices, device};
pub use language::{check_range, is_language, preferred_language};
pub use place::{Place, is_list_name};
pub use places::{Places, PlacesBuilder, PlacesProblem, PlacesProblems};
