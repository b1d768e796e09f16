//! Users and groups: Debian's fixed ones. There is no `/etc/shadow`, since nobody logs in.

use super::Making;

/// Enough for a root without base-passwd.
const PASSWD: &str = "\
root:*:0:0:root:/root:/bin/sh
daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:*:2:2:bin:/bin:/usr/sbin/nologin
sys:*:3:3:sys:/dev:/usr/sbin/nologin
nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";

const GROUP: &str = "\
root:*:0:
daemon:*:1:
bin:*:2:
sys:*:3:
adm:*:4:
tty:*:5:
disk:*:6:
mail:*:8:
utmp:*:43:
staff:*:50:
users:*:100:
nogroup:*:65534:
";

pub(super) fn make(making: &mut Making<'_>) {
    making.copy("usr/share/base-passwd/passwd.master", "etc/passwd", Some(PASSWD));
    making.copy("usr/share/base-passwd/group.master", "etc/group", Some(GROUP));
    making.file("etc/subuid", "");
    making.file("etc/subgid", "");
}
