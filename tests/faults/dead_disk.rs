//! The file system of the click folder dies under load: it is shut down, or can only be
//! read any more. Needs root and loop devices.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::both_engines;
use crate::common::{self, Client, Engine, Setup};
use crate::harm::{LINKS, live_segment, under_load};

const DISK_BYTES: u64 = 160 << 20;
/// FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: what is not on the disk stays away.
const SHUT_DOWN: &str = "import fcntl, os, struct, sys\n\
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

/// A file system in a file, mounted over a loop device until it is dropped.
struct Disk {
    image: PathBuf,
    folder: PathBuf,
}

fn ran(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).output();
    ran.is_ok_and(|output| output.status.success())
}

impl Disk {
    /// None, with a message, where that cannot be.
    fn mount(image: PathBuf, folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::File::create(&image).unwrap().set_len(DISK_BYTES).unwrap();
        let disk = Self { image, folder: folder.to_owned() };
        let is_made = ran("mkfs.ext4", &["-q", "-F", disk.image.to_str().unwrap()]);
        if is_made && disk.again() {
            return Some(disk);
        }
        eprintln!("skipped: no loop device with ext4 can be mounted here");
        None
    }

    fn again(&self) -> bool {
        let [image, folder] = [&self.image, &self.folder].map(|path| path.to_str().unwrap());
        ran("mount", &["-o", "loop,nodelalloc,errors=remount-ro", image, folder])
    }

    fn unmount(&self) -> bool {
        ran("umount", &[self.folder.to_str().unwrap()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn shut_down(folder: &Path) {
    assert!(ran("python3", &["-c", SHUT_DOWN, folder.to_str().unwrap()]));
}

/// Has the kernel find an error in the file system, after which it can only be read.
fn make_read_only(folder: &Path) {
    let [folder, device] = [folder.to_str().unwrap(), &device_of(folder)];
    let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
    std::fs::write(&trigger, "an error\n").unwrap_or_else(|error| panic!("{folder}: {error}"));
}

/// The name of the device that is mounted there.
fn device_of(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let mount = mounts.lines().find(|line| line.split(' ').nth(1) == folder.to_str()).unwrap();
    mount.split(' ').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// A server of one core whose click folder is on a disk of its own, and that disk.
fn on_a_disk(engine: Engine, segments: &str) -> Option<(Setup, Disk)> {
    let setup = Setup::new(engine, LINKS).segments(segments).flag("--cores", "1");
    let disk = Disk::mount(setup.folder.path().join("image"), &setup.clicks_folder())?;
    Some((setup, disk))
}

/// What came after the last sync may be gone. Then nothing can be recorded, and redirects
/// go on.
fn dies_under_load(engine: Engine, segments: &str, harm: fn(&Path), words: &[&str]) {
    let Some((setup, disk)) = on_a_disk(engine, segments) else { return };
    let mut server = setup.start();
    let words = [words, &["cannot make the next segment", "clicks lost in the last second"]];
    let outcome = under_load(&mut server, harm, &words.concat());
    assert!(outcome.lost > 0 && outcome.doubtful > 0, "{}", outcome.said);
    // As the machine finds it when it starts again.
    assert!(disk.unmount() && disk.again());
    outcome.judge(server.clicks().rows.len() as u64);
}

both_engines!(
    /// All pages of the segments that are ready were faulted in before.
    small_segments_on_a_file_system_that_is_shut_down,
    |engine| dies_under_load(engine, "1MiB", shut_down, &["is not tried again"])
);
both_engines!(
    /// A page that was not raises SIGBUS.
    large_segments_on_a_file_system_that_is_shut_down,
    |engine| dies_under_load(engine, "32MiB", shut_down, &["takes no more: its file system was shut down"])
);
both_engines!(
    /// The kernel does that by itself when it finds an error.
    a_file_system_becomes_read_only,
    |engine| dies_under_load(engine, "32MiB", make_read_only, &["Let carom write into"])
);

/// Clicks go on in the spare folder, and are read with those of the click folder.
fn dies_with_a_spare(engine: Engine, harm: fn(&Path)) {
    let Some((setup, disk)) = on_a_disk(engine, "4MiB") else { return };
    let spare = setup.folder.path().join("spare");
    let mut server = setup.flag("--clicks-spare", spare.to_str().unwrap()).start();
    let words = ["Clicks go on in the spare folder"];
    let harm = |folder: &Path| {
        harm(folder);
        common::until("a click is there", || live_segment(&spare).is_some());
    };
    let outcome = under_load(&mut server, harm, &words);
    assert_eq!(outcome.said.matches(words[0]).count(), 1, "{}", outcome.said);
    assert!(disk.unmount() && disk.again());
    let clicks = server.clicks();
    outcome.judge(clicks.rows.len() as u64);
    assert_eq!(outcome.lost, 0, "{}", outcome.said);
    assert!(clicks.rows.last().is_some_and(|row| row["path"] == "/b"), "{}", clicks.said);
    let alone = common::clicks(&spare);
    assert!(alone.rows.last().is_some_and(|row| row["path"] == "/b"), "{}", alone.said);
    // The next run has other numbers, and is at home.
    server.restart();
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(server.clicks().rows.len(), clicks.rows.len() + 1);
    assert_eq!(common::clicks(&spare).rows.len(), alone.rows.len());
}

both_engines!(a_spare_for_a_file_system_that_is_shut_down, |engine| {
    dies_with_a_spare(engine, shut_down);
});
both_engines!(a_spare_for_a_file_system_that_becomes_read_only, |engine| {
    dies_with_a_spare(engine, make_read_only);
});
