//! Nothing. glommio 0.9 lists `bitmaps` among its dependencies and uses nothing of it. The
//! crate of that name is unsound (RUSTSEC-2025-0167) and unmaintained (RUSTSEC-2026-0247),
//! so this one is built in its place. A glommio that came to use it would not compile.
