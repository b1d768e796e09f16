# In the sandbox there is no other user, and no network to fetch from.
mkdir -p /etc/apt/apt.conf.d /var/lib/apt/lists/partial /var/cache/apt/archives/partial /var/log/apt /var/lib/dpkg/parts
cat >/etc/apt/apt.conf.d/xb <<END
APT::Sandbox::User "root";
Dpkg::Use-Pty "false";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "/dev/null";
END
# What dpkg has to say against its records, or against files of the package: its exit code says nothing.
audit() {
  dpkg --audit >/tmp/xb-audit
  if [ -s /tmp/xb-audit ]; then
    cat /tmp/xb-audit >&2
    exit 1
  fi
}
verify() {
  dpkg --verify "$deb_name" >/tmp/xb-verify
  if [ -s /tmp/xb-verify ]; then
    echo "after its installation, files of the package are not as it has them:" >&2
    cat /tmp/xb-verify >&2
    exit 1
  fi
}
audit
# As on every system where the library is configured.
ldconfig
apt_get() {
  apt-get --quiet --yes --no-install-recommends --allow-downgrades "$@"
}
package=$(echo "$inputs/packages/${deb_name}_"*.deb)
here() {
  dpkg-query --show --showformat='${Status}' "$deb_name" 2>/dev/null || true
}
# What adduser leaves, users among it, stays where it was on every system.
everything() {
  find /etc /opt /usr /var/lib/dpkg/info -xdev \( -type f -o -type l \) |
    grep -v -x -e '/etc/\.pwd\.lock' -e '/etc/.*-' | sort
}
needs=
for need in "$inputs"/needs/*/*.deb; do
  if [ -e "$need" ]; then
    needs="$needs $need"
  fi
done

# The package as if an older version had been there.
dpkg-deb --raw-extract "$package" older
sed -i "s/^Version: .*/&~older/" older/DEBIAN/control
dpkg-deb --build --root-owner-group older older.deb >/dev/null

if [ -n "$needs" ]; then
  # shellcheck disable=SC2086
  apt_get install $needs
fi
everything >before
apt_get install ./older.deb
apt_get install "$inputs"/packages/*.deb
test "$(here)" = "install ok installed"
audit
verify
sh "$inputs/test.sh"
apt_get remove "$deb_name"
apt_get install "$package"
sh "$inputs/test.sh"
for each in "$inputs"/packages/*.deb; do
  name=$(dpkg-deb --field "$each" Package)
  if dpkg-query --show "$name" >/dev/null 2>&1; then
    apt_get purge "$name"
  fi
done
test -z "$(here)"
audit
everything >after
if ! diff before after; then
  echo "this is what installing and purging the package changed" >&2
  exit 1
fi
