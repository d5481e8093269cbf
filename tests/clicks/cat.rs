//! What `carom clicks cat` prints, and what it says is wrong.

use std::ffi::OsStr;
use std::fs;

use carom::cli::clicks::cat::CatArguments;
use carom::cli::clicks::row_choice::FileFormatName;
use carom::clicks::{
    AddressSource, ChosenColumns, Click, Flags, Tail, TlsSession, Verdict, folder::list, key_file,
};
use tempfile::TempDir;

use crate::common::carom;
use crate::common::ledger::{click, folder_of};
use crate::{printed, wish};

/// A folder with this click, whose key is gone.
fn without_key(click: Click<'_>) -> TempDir {
    let dir = folder_of([click]);
    fs::remove_file(key_file::beside(dir.path())).unwrap();
    dir
}

fn prints(click: Click<'_>, format: FileFormatName, expected: &str) {
    let dir = without_key(click);
    let (out, _, status) = printed(&CatArguments { format: Some(format), ..wish(dir.path()) });
    assert_eq!((out.as_str(), status), (expected, 0));
}

#[test]
fn as_json() {
    prints(
        click(0),
        FileFormatName::Ndjson,
        "{\"time\":\"2025-11-22T08:26:40.000000Z\",\"shard\":0,\"seq\":1,\
         \"link\":\"0000000000000001\",\"generation\":1,\"ip\":\"192.0.2.7\",\"status\":302,\
         \"verdict\":\"redirect\",\"head\":false,\"prefetch\":false,\"host\":\"go.example\",\
         \"path\":\"/go/summer-deal\",\"query\":\"utm_source=mail\",\
         \"referer\":\"https://news.example/front-page\",\
         \"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 \
         Firefox/140.0\",\"tag\":null,\"id\":null}\n",
    );
}
#[test]
fn what_is_not_there_is_null() {
    prints(
        Click {
            time_us: 1_763_800_000_000_007,
            link: 0,
            ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            status: 404,
            verdict: Verdict::UNKNOWN,
            flags: Flags::HEAD | Flags::PREFETCH,
            path: b"/a",
            referer: b"",
            user_agent: b"",
            ..click(0)
        },
        FileFormatName::Ndjson,
        "{\"time\":\"2025-11-22T08:26:40.000007Z\",\"shard\":0,\"seq\":1,\"link\":null,\
         \"generation\":1,\"ip\":\"2001:db8::1\",\"status\":404,\"verdict\":\"unknown\",\
         \"head\":true,\"prefetch\":true,\"host\":\"go.example\",\"path\":\"/a\",\"query\":null,\
         \"referer\":null,\"user_agent\":null,\"tag\":null,\"id\":null}\n",
    );
}
#[test]
fn as_csv() {
    prints(
        Click { path: b"/a,b?", user_agent: b"say \"hi\"", tag: b"spring sale", ..click(0) },
        FileFormatName::Csv,
        "time,shard,seq,link,generation,ip,status,verdict,head,prefetch,host,path,query,referer,\
         user_agent,tag,id,cut,key,target,via\n2025-11-22T08:26:40.000000Z,0,1,0000000000000001,1,192.0.2.7,302,\
         redirect,false,false,go.example,\"/a,b\",,https://news.example/front-page,\
         \"say \"\"hi\"\"\",spring sale,,,,,\n",
    );
}
/// What a spreadsheet would compute is text for it.
#[test]
fn for_spreadsheets() {
    let dir = folder_of([
        Click {
            host: b"=1+1",
            referer: b"+1",
            user_agent: b"-2;\"x\"",
            tag: b"@SUM(A1)",
            ..click(0)
        },
        Click { host: b"\t=1", referer: b"\r=1", user_agent: b"a=1", tag: b"'=1", ..click(1) },
        // Where cells are parted at commas, and in wide letters.
        Click { host: b"a,=1,+2", referer: "＝1".as_bytes(), user_agent: b"b", ..click(2) },
    ]);
    let columns = Some(ChosenColumns::parse("host,referer,user_agent,tag,ip,status").unwrap());
    let (format, excel) = (Some(FileFormatName::Csv), true);
    let wish = CatArguments { format, excel, columns, ..wish(dir.path()) };
    assert_eq!(
        printed(&wish).0,
        "\u{feff}host;referer;user_agent;tag;ip;status\r\n\
         '=1+1;'+1;\"'-2;\"\"x\"\"\";'@SUM(A1);192.0.2.7;302\r\n\
         '\\x09=1;'\\x0d=1;a=1;'=1;192.0.2.7;302\r\n\
         a,'=1,'+2;'＝1;b;;192.0.2.7;302\r\n"
    );
    let (usual, ..) = printed(&CatArguments { columns: None, ..wish.clone() });
    assert!(usual.lines().next().unwrap().ends_with(";id;cut;key;target;via"), "{usual}");
    let ndjson = CatArguments { format: Some(FileFormatName::Ndjson), ..wish };
    let (out, complaints, status) = printed(&ndjson);
    assert!(out.is_empty() && complaints.contains("leave out `--format ndjson`"), "{complaints}");
    assert_eq!(status, 2);
    // Who says nothing of the format gets it.
    let ran =
        carom([OsStr::new("clicks"), "cat".as_ref(), "--excel".as_ref(), dir.path().as_ref()]);
    assert!(ran.code == Some(0) && ran.out.starts_with("\u{feff}time;shard;"), "{ran:?}");
}

/// A click with all that only some have.
fn judged() -> Click<'static> {
    let (ip_from, tls) = (AddressSource::FORWARDED, TlsSession::V13.resumed());
    let came = Tail { ip_from, tls, ..Tail::default() };
    let tail = Tail { visitor: 0xab, country: *b"AT", ..came };
    Click { path: b"/a", variant: 2, reason: 201, signals: 0b101, tail, ..click(0) }
}

#[test]
fn what_only_some_have_comes_last() {
    let dir = without_key(judged());
    let (out, _, _) = printed(&wish(dir.path()));
    assert!(
        out.ends_with(
            ",\"tag\":null,\"id\":null,\"variant\":2,\"reason\":201,\"signals\":[\"0\",\"2\"],\
             \"country\":\"AT\",\"visitor\":\"00000000000000ab\",\"ip_from\":\"forwarded\",\
             \"tls\":\"1.3\",\"tls_resumed\":true}\n"
        ),
        "{out}"
    );
}

#[test]
fn columns_that_were_named() {
    let dir = folder_of([judged(), click(1)]);
    let chosen = |format, columns| {
        let columns = Some(ChosenColumns::parse(columns).unwrap());
        printed(&CatArguments { format: Some(format), columns, ..wish(dir.path()) }).0
    };
    let table = chosen(FileFormatName::Csv, "country,reason,signals,tls_resumed,status");
    assert_eq!(
        table,
        "country,reason,signals,tls_resumed,status\nAT,201,0 2,true,302\n,0,,false,302\n"
    );
    let table = chosen(FileFormatName::Csv, "+country");
    let lines: Vec<_> = table.lines().collect();
    assert!(
        lines[0].starts_with("time,") && lines[0].ends_with(",id,cut,key,target,via,country"),
        "{table}"
    );
    assert!(lines[1].ends_with(",,AT") && lines[2].ends_with(",,"), "{table}");
    let rows = chosen(FileFormatName::Ndjson, "country,reason,query");
    assert_eq!(
        rows,
        "{\"country\":\"AT\",\"reason\":201,\"query\":null}\n{\"query\":\"utm_source=mail\"}\n"
    );
    assert_eq!(chosen(FileFormatName::Ndjson, "cut"), "{}\n{}\n");
}

#[test]
fn bytes_that_are_no_text_can_be_told_from_text() {
    let agent = b"\xff\\xff \\ caf\xc3\xa9 \xc3";
    let dir = folder_of([Click { user_agent: agent, ..click(0) }]);
    let (out, _, _) = printed(&wish(dir.path()));
    let row: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(row["user_agent"], "\\xff\\x5cxff \\ café \\xc3");
}
#[test]
fn what_is_cut_is_named() {
    let long = [b'x'; 600];
    let clicks = [Click { path: &long, user_agent: &long, ..click(0) }];
    let dir = folder_of(clicks);
    let (out, _, _) = printed(&wish(dir.path()));
    let row: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(row["cut"], serde_json::json!(["path", "user_agent"]));
    let (out, _, _) =
        printed(&CatArguments { format: Some(FileFormatName::Csv), ..wish(dir.path()) });
    assert!(out.ends_with(",path user_agent,,,\n"), "{out}");
}

#[test]
fn damage_is_said_and_changes_the_exit_status() {
    let dir = folder_of([click(0), click(1), click(2)]);
    let file = &list(dir.path()).unwrap()[0].path;
    let (_, complaints, status) = printed(&wish(dir.path()));
    assert_eq!(
        (complaints.as_str(), status),
        ("carom: 3 clicks in 1 segment; nothing is missing\n", 0)
    );

    let mut bytes = fs::read(file).unwrap();
    bytes[4096 + 350] ^= 1;
    fs::write(file, bytes).unwrap();
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (2, 1));
    let said: Vec<_> = complaints.lines().collect();
    assert!(said[0].contains(": its checksum does not fit"), "{said:?}");
    assert!(said[1].contains("1 click missing, from number 2 on"), "{said:?}");
    assert_eq!(said[2], "carom: 2 clicks in 1 segment, 1 click missing, 112 bytes damaged");
    let (_, complaints, _) = printed(&CatArguments { quiet: true, ..wish(dir.path()) });
    assert_eq!(complaints, "");

    // A single file is enough, whatever its name.
    let elsewhere = dir.path().join("elsewhere");
    fs::copy(file, &elsewhere).unwrap();
    assert_eq!(printed(&wish(&elsewhere)).0, out);
}

#[test]
fn a_damaged_user_agent_costs_no_click() {
    let dir = folder_of([click(0), click(1), click(2)]);
    let file = &list(dir.path()).unwrap()[0].path;
    let mut bytes = fs::read(file).unwrap();
    let agent = bytes.windows(7).position(|bytes| bytes == b"Mozilla").unwrap();
    bytes[agent] ^= 1;
    fs::write(file, bytes).unwrap();
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (3, 1));
    for line in out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["user_agent"], serde_json::Value::Null);
        assert_eq!(row["cut"], serde_json::json!(["user_agent"]));
        assert_eq!(row["referer"], "https://news.example/front-page");
    }
    let said: Vec<_> = complaints.lines().collect();
    assert!(said[0].contains("96 bytes damaged, from byte 4192 on"), "{said:?}");
    assert_eq!(said[1], "carom: 3 clicks in 1 segment, 96 bytes damaged");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_, complaints, status) = printed(&wish(&dir.path().join("none")));
    assert!(status == 2 && complaints.contains("cannot read"), "{complaints}");
    let text = dir.path().join("text");
    fs::write(&text, "hello").unwrap();
    let (_, complaints, status) = printed(&wish(&text));
    assert!(status == 2 && complaints.contains("not a click segment"), "{complaints}");
}
