//! Records of what a link was: every reader counts them, and knows the last of each link
//! and variant.

use std::fs;
use std::path::Path;

use carom::cli::clicks::verify::{VerifyArguments, verify};
use carom::clicks::{LoggedLink, RecordScratch, Salt, SegmentEvent, SegmentReader};
use carom::rehearsal::tape::{OwnedClick, Tape, TapeContents, read};
use serde_json::Value;

use crate::images::{CLICK, SEGMENT, places, random_click};

fn link(target: &'static [u8], variant: u8) -> LoggedLink<'static> {
    let (key, generation) = (&b"go.example/tea"[..], 1);
    let (is_key_cut, is_target_cut) = (false, false);
    LoggedLink { link: 7, variant, generation, key, target, is_key_cut, is_target_cut }
}

/// Three clicks that refer to nothing, and before each of the last two what a link was.
fn told() -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(4);
    let (tape, mut writer) = Tape::new(SEGMENT);
    let clicks: Vec<_> = (1..=3).map(|number| random_click(&mut rng, number, 0..8)).collect();
    for click in &clicks {
        writer.append(&click.click()).unwrap();
    }
    let image = tape.images().remove(0);
    let salt = Salt::new(u32::from_le_bytes(image[80..84].try_into().unwrap()));
    let mut told = image.clone();
    for (number, target) in [(3, &b"https://new.example/"[..]), (2, &b"https://old.example/"[..])] {
        let at = places(&image, &[CLICK])[number - 1].start;
        let mut scratch = RecordScratch::new();
        let record = link(target, 0).encode(number as u64, salt, &mut scratch).to_vec();
        told.splice(at..at, record);
    }
    (told[..image.len()].to_vec(), clicks)
}

#[test]
fn they_cost_no_click_and_no_number() {
    let (image, clicks) = told();
    let mut contents = TapeContents::default();
    assert_eq!(read(image, Some(1), &mut contents).unwrap(), Some(4));
    assert_eq!(contents.clicks, clicks);
    let are_links = |event: &SegmentEvent| matches!(event, SegmentEvent::Link { .. });
    assert!(contents.findings.len() == 2 && contents.findings.iter().all(are_links));
}

#[test]
fn the_last_one_before_a_click_holds() {
    let (image, _) = told();
    let mut reader = SegmentReader::open(image).unwrap().unwrap();
    let (mut targets, mut event) = (Vec::new(), reader.next(false).unwrap());
    while event != SegmentEvent::End {
        if let SegmentEvent::Click { .. } = event {
            assert_eq!(reader.link(7, 1), None);
            targets.push(reader.link(7, 0).map(|link| link.target.to_vec()));
        }
        event = reader.next(false).unwrap();
    }
    let [old, new] = [b"https://old.example/", b"https://new.example/"].map(|it| Some(it.to_vec()));
    assert_eq!(targets, [None, old, new]);
}

#[test]
fn they_are_counted() {
    let (image, _) = told();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("shard-000-0000000001.clicks"), image).unwrap();
    let report = verified(dir.path());
    assert_eq!(
        (&report["segments"][0]["links"], &report["total"]["links"]),
        (&2.into(), &2.into())
    );
    assert_eq!(
        (&report["total"]["clicks"], &report["total"]["is_whole"]),
        (&3.into(), &true.into())
    );
    let (out, _, status) = crate::printed(&crate::wish(dir.path()));
    assert_eq!((out.lines().count(), status), (3, 0));
}

fn verified(dir: &Path) -> Value {
    let wish =
        VerifyArguments { paths: vec![dir.to_owned()], all: false, json: true, click_key: None };
    let mut out = Vec::new();
    verify(&wish, &mut out, &mut std::io::sink());
    serde_json::from_slice(&out).unwrap()
}
