//! Files of Apache, and the rows that they come to.

use super::{ApacheFile, begins, read};
use crate::links::formats::row::{self, written};
use crate::links::formats::source::{Help, Include, Included};

fn included(pattern: &str) -> Included {
    match pattern {
        "go.map" => {
            let text = "# c\na https://a/x\n\nb /b?x=1\na/c https://c/%41\n";
            Ok(vec![("go.map".to_owned(), text.as_bytes().to_vec())])
        }
        _ => Err("there is no such file".to_owned()),
    }
}

/// Compares rows with `want`: `!part` is for a refusal that has this part, `~row` for one
/// that has changed; all with their lines before them.
fn compare(text: &str, file: ApacheFile, want: &[&str]) {
    let help =
        Help { base: Some("https://b"), include: Some(Include(&included)), ..Help::default() };
    let rows = written(|take| read(text.as_bytes(), file, &help, take));
    row::compare(text, &rows, want);
}

fn here(text: &str, want: &[&str]) {
    compare(text, ApacheFile::Htaccess, want);
}

/// Rules behind `RewriteEngine On`, on line 2 and the following.
fn rules(text: &str, want: &[&str]) {
    here(&format!("RewriteEngine On\n{text}"), want);
}

fn config(text: &str, want: &[&str]) {
    compare(text, ApacheFile::Config, want);
}

#[test]
fn redirects() {
    here(
        "Redirect /a https://x/b",
        &["1 /a|https://x/b|302|query=keep", "1 /a/*|https://x/b/:splat|302|query=keep"],
    );
    here("Redirect permanent /a/ https://x/b/", &["1 /a/*|https://x/b/:splat|301|query=keep"]);
    here("redirect 307 / /new/", &["1 /*|https://b/new/:splat|307|query=keep"]);
    here("Redirect gone /a", &["1 /a||410", "1 /a/*||410"]);
    here("RedirectTemp \"/a b/\" https://x/", &["1 /a%20b/*|https://x/:splat|302|query=keep"]);
    here(
        "Redirect /a https://x/?y=1",
        &["1 /a|https://x/?y=1|302", "1 ~/a/*|https://x/?y=1/:splat|302"],
    );
    here("Redirect / https://x", &["1 !right behind the host"]);
    here("Redirect a https://x/", &["1 !matches no path; write /a"]);
    here("Redirect /a?b=1 https://x/", &["1 !without their query"]);
    here("Redirect 404 /a", &["1 !the status 404 is no redirect"]);
    here("Redirect 301 /a", &["1 !write it as Redirect"]);
    here("Redirect /a x", &["1 !`x` is no URL and no path"]);
    here(
        "Redirect /a https://x/\nRedirect /a/b https://y/",
        &[
            "1 /a|https://x/|302|query=keep",
            "1 /a/*|https://x//:splat|302|query=keep",
            "2 ~/a/b|https://y/|302|query=keep",
            "2 ~/a/b/*|https://y//:splat|302|query=keep",
        ],
    );
}

#[test]
fn redirects_by_expression() {
    here(
        "RedirectMatch 301 ^/m/(.*)$ https://x/%20/$1?q=%20",
        &["1 /m/*|https://x/%2520/:splat?q=%20|301"],
    );
    here("RedirectMatch gone ^/a$", &["1 /a||410"]);
    here("RedirectMatch /a$ https://x/", &["1 !does not begin with ^"]);
    here("RedirectMatch ^/n/([0-9]+)$ https://x/", &["1 !the nearest key is /n/:p1"]);
}

#[test]
fn rules_of_directories() {
    rules("RewriteRule ^a$ https://x/ [R=301,L]", &["2 /a|https://x/|301|query=keep"]);
    rules("RewriteRule ^a$ https://x/", &["2 /a|https://x/|302|query=keep"]);
    rules("RewriteRule ^a$ /b? [R,L]", &["2 /a|https://b/b|302"]);
    rules(
        "RewriteRule ^a/(.*)$ https://x/$1?y=1 [R,L,QSA]",
        &["2 ~/a/*|https://x/:splat?y=1|302|query=keep"],
    );
    rules("RewriteRule ^A$ https://x/#p [R,L,NC]", &["2 /A|https://x/%23p|302|query=keep|nocase="]);
    rules("RewriteRule ^a$ https://x/#p [R,L,NE,QSD]", &["2 /a|https://x/#p|302"]);
    rules("RewriteRule ^a$ - [G]", &["2 /a||410"]);
    rules("RewriteRule ^/a$ https://x/ [R]", &["2 !matches nothing: in a directory"]);
    rules("RewriteRule ^a$ b [R]", &["2 !neither a URL nor a path"]);
    rules("RewriteRule ^a$ - [F]", &["2 !forbids nothing"]);
    rules("RewriteRule . /index.php [L]", &["2 !it has no [R]"]);
    rules("RewriteRule !^a https://x/ [R]", &["2 !all paths but those of"]);
    rules("RewriteRule .* - [E=a:b]", &["2 -"]);
    rules("RewriteRule ^a$ https://x/%{ENV:y} [R]", &["2 !%{ENV:y} cannot be told"]);
    rules("RewriteRule ^a https://x/$0 [R]", &["2 !is only a part of the path"]);
    rules("RewriteBase /s/\nRewriteRule ^a$ b [R,L]", &["3 ~/s/a|https://b/s/b|302|query=keep"]);
    rules(
        "RewriteRule ^a$ https://x/ [R]\nRewriteRule ^(.*)$ https://y/$1 [R,L]",
        &["2 !without [L]", "3 ~/*|https://y/:splat|302|query=keep"],
    );
    rules(
        "RewriteRule ^a$ https://x/ [C]\nRewriteRule ^b$ https://y/ [R,L]",
        &["2 ![C] makes the next rule", "3 !a rule before it says"],
    );
    here("RewriteRule ^a$ https://x/", &["1 !RewriteEngine is not on here"]);
    here("RewriteEngine off\nRewriteRule ^a$ https://x/", &["2 -"]);
}

#[test]
fn conditions() {
    let of = |conditions: &str, want: &[&str]| {
        let lines: String = conditions.split(';').map(|it| format!("RewriteCond {it}\n")).collect();
        rules(&format!("{lines}RewriteRule ^(.*)$ https://x/$1 [R=301,L]"), want);
    };
    of("%{HTTP_HOST} ^h\\.x$ [NC]", &["3 h.x/*|https://x/:splat|301|query=keep"]);
    of("%{HTTP_HOST} =h.x", &["3 h.x/*|https://x/:splat|301|query=keep"]);
    of("%{HTTP_HOST} ^h\\.x", &["3 ~h.x/*|https://x/:splat|301|query=keep"]);
    of(
        "%{HTTP_HOST} ^h\\.x$ [OR];%{HTTP_HOST} ^g\\.x$",
        &["4 h.x/*|https://x/:splat|301|query=keep", "4 g.x/*|https://x/:splat|301|query=keep"],
    );
    of("%{HTTP_HOST} !^h\\.x$", &["3 !all hosts but those of"]);
    of("%{HTTP_HOST} ^h\\.x$ [OR]", &["3 !its last condition has [OR]"]);
    of("%{REQUEST_URI} ^/a/", &["3 /a/*|https://x/a/:splat|301|query=keep"]);
    of("%{REQUEST_URI} !^/a/", &["3 !all paths but those of"]);
    of("%{REQUEST_FILENAME} !-f", &["3 !no key can ask for the condition on line 2"]);
    of("%{HTTPS} off", &["3 !whether it came over http"]);
    of("%{HTTPS} on", &["3 !whether it came over https"]);
    of("%{QUERY_STRING} ^id=7$", &["3 !no key asks for a parameter at all paths"]);
    rules(
        "RewriteCond %{QUERY_STRING} ^id=([^&]*)$\nRewriteRule ^q$ https://x/%1? [R,L]",
        &["3 ~/q?id=*|https://x/{query:id}|302"],
    );
    rules(
        "RewriteCond %{HTTP_HOST} ^(www\\.)?h$\nRewriteRule ^a$ https://%1x/ [R,L]",
        &["3 www.h/a|https://www.x/|302|query=keep", "3 h/a|https://x/|302|query=keep"],
    );
    rules(
        "RewriteCond %{HTTPS} !=on\nRewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [R=301,L]",
        &["3 -"],
    );
    here("RewriteEngine On\nRewriteCond %{HTTPS} off", &["2 -"]);
}

#[test]
fn what_comes_first_and_is_no_link() {
    rules(
        "RewriteRule ^a/ /i.php [L]\nRewriteRule ^a/b$ https://x/ [R,L]\nRewriteRule ^c$ https://x/ [R,L]",
        &[
            "2 !it has no [R]",
            "3 ~/a/b|https://x/|302|query=keep",
            "4 /c|https://x/|302|query=keep",
        ],
    );
    // Rules come before redirects, wherever they stand.
    rules(
        "Redirect /a/b https://y/\nRewriteRule ^a/(.*)$ https://x/ [R,L]",
        &[
            "3 /a/*|https://x/|302|query=keep",
            "2 ~/a/b|https://y/|302|query=keep",
            "2 ~/a/b/*|https://y//:splat|302|query=keep",
        ],
    );
}

#[test]
fn servers() {
    config(
        "<VirtualHost *:80>\nServerName h\nServerAlias *.g\nRedirect 301 /a https://x/\n</VirtualHost>",
        &[
            "4 h/a|https://x/|301|query=keep",
            "4 *.g/a|https://x/|301|query=keep",
            "4 h/a/*|https://x//:splat|301|query=keep",
            "4 *.g/a/*|https://x//:splat|301|query=keep",
        ],
    );
    config(
        "<VirtualHost *:80>\nServerName h\nRedirect / https://h/\n</VirtualHost>\n\
         <VirtualHost *:443>\nServerName h\nRedirect /a/ /b/\n</VirtualHost>",
        &["3 -", "7 h/a/*|https://h/b/:splat|302|query=keep"],
    );
    config(
        "<VirtualHost *:80>\nServerName h\nRedirect / https://h/\n</VirtualHost>",
        &["3 ~h/*|https://h/:splat|302|query=keep"],
    );
    config(
        "<VirtualHost *:80>\nServerName h\n</VirtualHost>\n\
         <VirtualHost *:80>\nServerName h\nRedirect gone /a/\n</VirtualHost>",
        &["6 !Apache takes the VirtualHost on line 1 for h"],
    );
    config(
        "<Location /a>\nRedirect 301 https://x/\n</Location>\nProxyPass /a/p http://y/\n",
        &["4 -", "2 /a|https://x/|301|query=keep", "2 ~/a/*|https://x/|301|query=keep"],
    );
    config("<Files x>\nRedirect /a https://x/\n</Files>", &["2 !it stands in <files x> on line 1"]);
    config("Include x.conf", &["1 !what x.conf brings is not read"]);
    config("ErrorDocument 404 https://x/\nErrorDocument 500 /e", &["2 -", "1 !--fallback"]);
    config("ServerName *.x.*", &["1 !no key stands for the hosts"]);
    config(
        "<VirtualHost *:80>\nServerName http://h:80\nServerAlias g # c\nRedirect gone /a/\n</VirtualHost>",
        &["4 h/a/*||410", "4 g/a/*||410", "3 !Apache has no comments behind a directive"],
    );
    config("ServerName https://h/", &["1 !names no host; write it as h.example"]);
    config("</If>", &["1 !closes what is not open"]);
    config(
        "DocumentRoot /var/www\n<Directory /var/www/s>\nRewriteEngine on\nRewriteRule ^a$ https://x/ [R,L]\n</Directory>",
        &["4 /s/a|https://x/|302|query=keep"],
    );
}

#[test]
fn maps() {
    let of = |rule: &str, want: &[&str]| {
        config(&format!("RewriteEngine on\nRewriteMap go txt:go.map\n{rule}"), want);
    };
    of(
        "RewriteRule ^/go/([^/]+)$ ${go:$1|https://x/none} [R,L]",
        &[
            "0 @go.map",
            "2 /go/a|https://a/x|302|query=keep",
            "4 ~/go/b|https://b/b?x=1|302",
            "0 @",
            "3 /go/:p1|https://x/none|302|query=keep",
        ],
    );
    of(
        "RewriteCond ${go:$1} !=\"\"\nRewriteRule ^/go/(.*)$ ${go:$1} [R,L]",
        &[
            "0 @go.map",
            "2 /go/a|https://a/x|302|query=keep",
            "4 ~/go/b|https://b/b?x=1|302",
            "5 /go/a/c|https://c/%2541|302|query=keep",
            "0 @",
        ],
    );
    of("RewriteRule ^/go/(.*)$ ${go:$1} [R,L]", &["3 !what the map does not have"]);
    of("RewriteRule ^/go/(.*)$ ${no:$1|/} [R,L]", &["3 !no RewriteMap of the file is `no`"]);
    config(
        "RewriteEngine on\nRewriteMap p prg:/x\nRewriteRule ^/(.*)$ ${p:$1|/} [R,L]",
        &["3 !is none that can be read"],
    );
}

#[test]
fn files_of_apache() {
    assert!(begins(b"# c\n\n <VirtualHost *:80>\n"));
    assert!(begins(b"rewriteengine on\n"));
    assert!(!begins(b"server {\n"));
    assert!(!begins(b""));
}

#[test]
fn a_default_answers_what_a_map_says_in_vain() {
    config(
        "<VirtualHost *:80>\nServerName www.h.example\nServerAlias *.h.example\nRewriteEngine On\n\
         RewriteMap m txt:go.map\nRewriteRule ^/go/(.*)$ ${m:$1|https://d/} [R,L]\n</VirtualHost>",
        &[
            "0 @go.map",
            "2 www.h.example/go/a|https://a/x|302|query=keep",
            "2 *.h.example/go/a|https://a/x|302|query=keep",
            "4 !its target is on each host of *.h.example; write a URL",
            "5 www.h.example/go/a/c|https://c/%2541|302|query=keep",
            "5 *.h.example/go/a/c|https://c/%2541|302|query=keep",
            "0 @",
            "6 ~www.h.example/go/*|https://d/|302|query=keep",
            "6 ~*.h.example/go/*|https://d/|302|query=keep",
        ],
    );
}
