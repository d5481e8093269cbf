//! Excel workbooks as link files: with the feature `xlsx`, and what is said without it.

use crate::common::{Ran, carom};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/xlsx/links.xlsx");

fn convert(flags: &[&str]) -> Ran {
    let mut ran = carom([&["links", "convert", FILE], flags].concat());
    ran.err = ran.err.replace(FILE, "links.xlsx");
    ran
}

#[cfg(not(feature = "xlsx"))]
#[test]
fn the_feature_is_named_where_it_is_missing() {
    let ran = convert(&[]);
    assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{ran:?}");
    assert!(
        ran.err.contains(
            "links.xlsx:1: this carom reads no .xlsx workbooks; build it with the feature xlsx"
        ),
        "{ran:?}"
    );
}

#[cfg(feature = "xlsx")]
mod read {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_sheet_is_read_as_a_table() {
        let ran = convert(&["--tz=Europe/Berlin", "--on-bad-line=skip", "--prefix=/go/"]);
        let want = "/go/summer https://a.example/gr%C3%B6%C3%9Fe 301 until=2999-12-01T09:30:00Z\n\
                    /go/2027 https://b.example/\n";
        assert_eq!((ran.code, &*ran.out), (Some(1), want), "{ran:?}");
        for said in [
            "note: links.xlsx:1: sheets are not read: `More links`; name one of them with --sheet",
            "note: links.xlsx, sheet Links:1: a column is not read: `Note`",
            "changed: links.xlsx, sheet Links:2: the target is written `https://a.example/gr%C3",
            "refused: links.xlsx, sheet Links:5: the target `nowhere` is not absolute",
        ] {
            assert!(ran.err.contains(said), "{said}\n{ran:?}");
        }
    }

    #[test]
    fn another_sheet_is_named() {
        let ran = convert(&["--sheet", "More links"]);
        let want = (Some(0), "/m https://m.example/\n");
        assert_eq!((ran.code, &*ran.out), want, "{ran:?}");
        let ran = convert(&["--sheet", "None"]);
        let want =
            "the workbook has no sheet `None`, which --sheet names; it has `Links`, `More links`";
        assert!(ran.code == Some(1) && ran.err.contains(want), "{ran:?}");
    }

    /// A workbook of these rows of XML.
    fn workbook(folder: &tempfile::TempDir, rows: &str, more: u64) -> String {
        let path = folder.path().join("a.xlsx");
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let parts = [
            ("[Content_Types].xml", r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_owned()),
            (
                "_rels/.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r0" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
            ),
            (
                "xl/workbook.xml",
                r#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#.to_owned(),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
            ),
            ("xl/worksheets/sheet1.xml", format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")),
        ];
        let options = zip::write::SimpleFileOptions::default();
        for (name, text) in parts {
            archive.start_file(name, options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        let zeroes = vec![0; 1024 * 1024];
        archive.start_file("xl/media/image1.png", options).unwrap();
        for _ in 0..more {
            archive.write_all(&zeroes).unwrap();
        }
        archive.finish().unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn row(number: u32, cells: &[(&str, &str)]) -> String {
        let cell = |(place, text): &(&str, &str)| match text.strip_prefix('!') {
            Some(error) => format!(r#"<c r="{place}{number}" t="e"><v>{error}</v></c>"#),
            None => format!(r#"<c r="{place}{number}" t="inlineStr"><is><t>{text}</t></is></c>"#),
        };
        let cells: String = cells.iter().map(cell).collect();
        format!(r#"<row r="{number}">{cells}</row>"#)
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let rows = row(1, &[("A", "/a"), ("B", "https://a.example/")]);
        let file = workbook(&folder, &rows, 1);
        let ran = carom(["links", "convert", &file]);
        assert_eq!((ran.code, &*ran.out), (Some(0), "/a https://a.example/\n"), "{ran:?}");
        let file = workbook(&folder, &rows, 513);
        assert!(fs::metadata(&file).unwrap().len() < 2 * 1024 * 1024);
        let ran = carom(["links", "convert", &file]);
        let want = "a.xlsx:1: the workbook unpacks to more than 512.0 MiB; save the sheet as CSV";
        assert!(ran.code == Some(1) && ran.err.contains(want), "{ran:?}");
    }

    #[test]
    fn cells_that_cannot_be_read_are_named_by_their_row() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            row(1, &[("A", "source"), ("B", "target")]),
            row(3, &[("A", "/a"), ("B", "!#REF!")]),
            row(4, &[("A", "/b"), ("B", "https://b.example/"), ("XFD", "x")]),
            row(5, &[("A", "/c"), ("B", "https://c.example/"), ("C", "x")]),
            row(1_048_576, &[("A", "/d"), ("B", "https://d.example/")]),
        ];
        let file = workbook(&folder, &rows.concat(), 0);
        let ran = carom(["links", "convert", &file, "--on-bad-line=skip"]);
        assert_eq!((ran.code, &*ran.out), (Some(1), "/d https://d.example/\n"), "{ran:?}");
        for said in [
            "sheet S:3: cell 2 of the row is #REF!; mend its formula",
            "sheet S:4: the row has a cell behind column 1000; empty it",
            "sheet S:5: cell 3, `x`, has no column",
        ] {
            assert!(ran.err.contains(said), "{said}\n{ran:?}");
        }
    }
}
