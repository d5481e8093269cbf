use super::Device::{Android, Chromeos, Ios, Linux, Macos, Other, Windows};
use super::*;

/// What browsers, apps and programs send.
const SENT: &[(Device, &str)] = &[
    // Chrome, and those made of it
    (
        Windows,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Macos,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Linux,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Chromeos,
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Chromeos,
        "Mozilla/5.0 (X11; CrOS aarch64 15329.59.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0.0.0 Safari/537.36",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1",
    ),
    (
        Windows,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.7390.122 Mobile Safari/537.36 EdgA/141.0.3537.99",
    ),
    (
        Windows,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; U; Android 13; de-de; M2101K6G Build/TKQ1.221013.002) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.10.1-gn",
    ),
    (
        Linux,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
    ),
    // Safari
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1",
    ),
    // An iPad that asks for pages of computers says what a Mac does.
    (
        Macos,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    ),
    // Firefox
    (Windows, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    (Macos, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0"),
    (Linux, "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    (Linux, "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    (Linux, "Mozilla/5.0 (X11; FreeBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (Linux, "Mozilla/5.0 (Wayland; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (Android, "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0"),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/144.0 Mobile/15E148 Safari/604.1",
    ),
    // Apps
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/522.0.0.37.104;FBBV/758022339;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;FBCR/;FBID/phone;FBLC/de_DE;FBOP/80]",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/138.0.7204.63 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/520.0.0.46.98;IABMV/1;]",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 390.0.0.28.85 (iPhone14,5; iOS 18_5; de_DE; de; scale=3.00; 1170x2532; IABMV/1; 764223000) NW/3",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A.230901.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/139.0.7258.94 Mobile Safari/537.36 Instagram 392.0.0.42.65 Android (33/13; 420dpi; 1080x2201; Google/google; Pixel 7; panther; panther; de_DE; 769004722)",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_35.4.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/de Region/DE isDarkMode/1 WKWebView/1 RevealType/Dialog BytedanceWebview/d8a21c6",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 12; SM-G991B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/136.0.7103.61 Mobile Safari/537.36 trill_390204 BytedanceWebview/d8a21c6 JsSdk/1.0 NetType/WIFI AppName/musical_ly app_version/39.2.4",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/13.40.0.41 (like Safari/8620.2.4.10.5, panda)",
    ),
    (
        Ios,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/378.0.778270862 Mobile/15E148 Safari/604.1",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 12; XiaoMi Mi 10 Build/SKQ1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20231202 MicroMessenger/8.0.47.2560(0x28002F30) WeChat/arm64",
    ),
    (
        Ios,
        "[Pinterest/iOS] Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    ),
    (Android, "Dalvik/2.1.0 (Linux; U; Android 11; SM-A125F Build/RP1A.200720.012)"),
    (Android, "okhttp-app/3.2 (Android 14)"),
    (Ios, "ExampleApp/412 (iPad; iOS 17.5; Scale/2.00)"),
    (Other, "ExampleApp/412 CFNetwork/1496.0.7 Darwin/23.5.0"),
    // Old and rare ones
    (
        Android,
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15254",
    ),
    (
        Ios,
        "Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; Touch; rv:11.0; IEMobile/11.0; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537",
    ),
    (Windows, "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"),
    (Windows, "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)"),
    (Windows, "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18"),
    (
        Other,
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54",
    ),
    (Other, "Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5"),
    (Linux, "Mozilla/5.0 (X11; OpenBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (
        Other,
        "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Version/10.0.9.2372 Mobile Safari/537.10+",
    ),
    (
        Other,
        "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
    ),
    (
        Windows,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02",
    ),
    // Television sets. Tizen and webOS say Linux, as it is theirs, and are no computers.
    (
        Android,
        "Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB ATV3 Build/PTT1.190515.001.S52) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 11; AFTKA Build/RS8144.3022N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/118.0.5993.155 Mobile Safari/537.36",
    ),
    (
        Other,
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/6.0 TV Safari/538.1 SmartTV/6.0",
    ),
    (
        Other,
        "Mozilla/5.0 (Linux; Tizen 2.3; SAMSUNG SM-Z130H) AppleWebKit/537.3 (KHTML, like Gecko) Version/2.3 Mobile Safari/537.3",
    ),
    (
        Other,
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36 WebAppManager",
    ),
    (
        Other,
        "Mozilla/5.0 (Linux; NetCast; U) AppleWebKit/537.31 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.31 SmartTV/7.0",
    ),
    (Other, "Roku/DVP-12.0 (12.0.0.4182-88)"),
    (Other, "AppleTV11,1/11.1"),
    // Programs and robots
    (Other, ""),
    (Other, "-"),
    (Other, "curl/8.5.0"),
    (Other, "Wget/1.21.4"),
    (Other, "python-requests/2.32.3"),
    (Other, "Go-http-client/1.1"),
    (Other, "okhttp/4.12.0"),
    (Linux, "Wget/1.20.3 (linux-gnu) Linux"),
    (
        Android,
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ),
    (Other, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    (
        Other,
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    ),
    (
        Macos,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    ),
    (Other, "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
];

#[test]
fn what_is_sent() {
    for (want, user_agent) in SENT {
        assert_eq!(device(user_agent.as_bytes(), b""), *want, "{user_agent}");
    }
}

#[test]
fn a_hint_is_believed_before_the_user_agent() {
    let check = |platform: &str, want| {
        let user_agent = b"Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0";
        assert_eq!(device(user_agent, platform.as_bytes()), want, "{platform}");
    };
    check("\"Android\"", Android);
    check("\"iOS\"", Ios);
    check("\"Windows\"", Windows);
    check("\"macOS\"", Macos);
    check("\"Linux\"", Linux);
    check("\"Chrome OS\"", Chromeos);
    check("\"Chromium OS\"", Chromeos);
    check("\"Unknown\"", Linux);
    check("\"\"", Linux);
    check("", Linux);
    check("Windows", Linux);
    check("\"windows\"", Linux);
}

#[test]
fn of_several_systems_the_first_in_order() {
    let check = |user_agent: &str, want| assert_eq!(device(user_agent.as_bytes(), b""), want);
    check("X11 Linux CrOS Macintosh Windows Android iPhone", Ios);
    check("X11 Linux CrOS Macintosh Windows Android", Android);
    check("X11 Linux CrOS Macintosh Windows", Windows);
    check("X11 Linux CrOS Macintosh", Macos);
    check("X11 Linux CrOS", Chromeos);
    check("iPhone android windows linux", Ios);
    check("iphone android windows macintosh cros linux x11", Other);
    check("Phone iP iPo iPhon Androi Window Macintos CrO Linu X1", Other);
    check("P", Other);
    check("iPad", Ios);
    check("iPod", Ios);
}

#[test]
fn of_a_long_user_agent_its_beginning_is_read() {
    let padded = |padding: usize| "-".repeat(padding) + "Android";
    let whole = USER_AGENT_BYTES_READ - "Android".len();
    assert_eq!(device(padded(whole).as_bytes(), b""), Android);
    assert_eq!(device(padded(whole + 1).as_bytes(), b""), Other);
    for letter in ["P", "A", "W", "M", "C", "L", "T", "X", "\0"] {
        assert_eq!(device(letter.repeat(100_000).as_bytes(), b""), Other);
    }
}

#[test]
fn names_and_groups() {
    let check = |text: &str, want: &str| {
        assert_eq!(Devices::parse(text.as_bytes()).unwrap().to_string(), want);
    };
    for device in Device::ALL {
        check(device.name(), device.name());
    }
    check("iOS", "ios");
    check("mobile", "android,ios");
    check("Desktop", "windows,macos,linux,chromeos");
    let devices = Devices::from(Ios) | Devices::from(Other);
    assert!(devices.has(Ios) && devices.has(Other) && !devices.has(Android));
    for text in ["", "iphone", "tablet", "mobile,desktop", "mac"] {
        let said = Devices::parse(text.as_bytes()).unwrap_err();
        let want = "is not a device; write one of android, ios, windows, macos, linux, chromeos, other, mobile or desktop";
        assert_eq!(said, format!("`{text}` {want}"));
    }
}
