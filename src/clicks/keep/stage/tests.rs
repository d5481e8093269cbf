//! Tests of `stage.rs`.

use super::*;
use crate::clicks::format::frame::Salt;

const MIB: u64 = 1 << 20;

/// Lengths of the files that are kept for the next images, MiB, oldest first.
fn spares(stage: &Stage) -> Vec<u64> {
    let spares = guard(&stage.spares);
    spares.iter().map(|spare| spare.path.metadata().unwrap().len() / MIB).collect()
}

#[test]
fn memory_is_used_again_for_images_of_its_size() {
    let [clicks, within] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let reporter = Reporter::new(Box::new(|_| {}));
    let stage = Stage::make(clicks.path(), within.path(), 1, &reporter).unwrap();
    let create = |number: u64, mib: u64| {
        let image = stage.create(&format!("{number}.clicks"), mib * MIB).unwrap();
        assert_eq!(image.file.metadata().unwrap().len(), mib * MIB);
        (Segment::new(number, Salt::new(0), image.map), image.staged)
    };
    let give_back = |(segment, staged): (Segment, Staged)| staged.give_back(&segment, 0).unwrap();

    let images: Vec<_> = [1, 1, 2].iter().zip(0..).map(|(mib, it)| create(it, *mib)).collect();
    let first = images[0].1.image_id();
    images.into_iter().for_each(give_back);
    assert_eq!(spares(&stage), [1, 1, 2]);
    // None fits.
    let four = create(4, 4);
    assert_eq!(spares(&stage), [1, 1, 2]);
    let (two, one) = (create(5, 2), create(6, 1));
    assert_eq!(spares(&stage), [1]);
    assert_eq!(create(7, 1).1.image_id(), first);
    [four, two, one].into_iter().for_each(give_back);
    assert_eq!(spares(&stage), [4, 2, 1]);

    // What was made for other sizes goes where there would be too much.
    let others: Vec<_> = (8..10).map(|number| create(number, 8)).collect();
    others.into_iter().for_each(give_back);
    assert_eq!(spares(&stage), [8, 8]);
    let more: Vec<_> = (10..12).map(|number| create(number, 8)).collect();
    give_back(create(12, 32));
    assert_eq!(spares(&stage), [32]);
    more.into_iter().for_each(give_back);
    assert_eq!(spares(&stage), [8, 8]);
    drop(stage);
    assert_eq!(fs::read_dir(within.path()).unwrap().count(), 1, "an image is left");
}
