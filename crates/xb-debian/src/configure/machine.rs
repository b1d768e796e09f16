//! What the installer would have asked about the machine, answered for no machine in particular.

use super::Making;

const HOSTS: &str = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

const NSSWITCH: &str = "\
passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
";

const SHELLS: &str = "/bin/sh\n/usr/bin/sh\n";

pub(super) fn make(making: &mut Making<'_>) {
    making.file("etc/hosts", HOSTS);
    making.file("etc/resolv.conf", "");
    making.file("etc/machine-id", "");
    making.copy("usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf", Some(NSSWITCH));
    making.copy("usr/share/debianutils/shells", "etc/shells", Some(SHELLS));
    making.copy("usr/share/base-files/profile", "etc/profile", None);
    if making.is_there("etc/dpkg/origins/debian") {
        making.link("etc/dpkg/origins/default", "debian");
    }
    if making.is_there("usr/share/zoneinfo/Etc/UTC") {
        making.link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
        making.file("etc/timezone", "Etc/UTC\n");
    }
}
