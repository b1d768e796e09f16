cp -R "$inputs/folder" debian
# What it says about the lack of a compiler does not matter.
eval "$(dpkg-architecture --host-arch "$arch" --print-set 2>/dev/null)"
if [ -e "$src/DEBIAN" ] || [ -L "$src/DEBIAN" ]; then
  echo "the result has a folder \`DEBIAN\`, which would speak for the package: what is said of it is said in \`ship\`" >&2
  exit 1
fi
staged=debian/$deb_name
mkdir -p "$staged"
cp -a "$src/." "$staged"
chmod -R u+w "$staged"
# A link to share/man on every Debian system, which goes with the last package that has a folder in its place.
if [ -L "$staged/usr/local/man" ]; then
  rm "$staged/usr/local/man"
elif [ -d "$staged/usr/local/man" ]; then
  mkdir -p "$staged/usr/local/share/man"
  cp -a "$staged/usr/local/man/." "$staged/usr/local/share/man"
  rm -r "$staged/usr/local/man"
fi
# In results all times are one, which is none that a package may have.
find "$staged" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
if [ -d debian/units ]; then
  mkdir -p "$staged/usr/lib/systemd/system"
  cp debian/units/* "$staged/usr/lib/systemd/system"
fi

# What only a compiler reads goes into a package of its own.
if [ -n "$deb_dev" ]; then
  mkdir -p "$staged-dev"
  (
    cd "$staged"
    find . ! -type d \( -path './usr/include/*' -o -path './usr/local/include/*' -o -name '*.a' -o -name '*.pc' \
      -o -path '*/lib/*/cmake/*' -o -path '*/lib/cmake/*' -o -path '*/man/man3/*' -o -path '*/bin/*-config' \
      -o -path '*/share/aclocal/*' -o -type l -name 'lib*.so' -path '*/lib/*' \) -print
  ) >debian/xb-dev
  while IFS= read -r file; do
    # `rmdir -p` goes up part by part, and a part that is `.` cannot be removed.
    file=${file#.}
    mkdir -p "$staged-dev${file%/*}"
    mv "$staged$file" "$staged-dev$file"
    rmdir -p --ignore-fail-on-non-empty "$staged${file%/*}"
  done <debian/xb-dev
  mkdir -p "$staged"
  if ! [ -s debian/xb-dev ]; then
    echo "\`dev = true\`, and there is nothing in the result that a compiler reads: headers, archives, \`.pc\`" >&2
    exit 1
  fi
fi

# Programs that are kept to one CPU where they are emulated lie elsewhere, so that the links to them can be turned.
if [ -f debian/guard ]; then
  for place in usr usr/local; do
    own=$place/lib/$deb_name
    for program in "$staged/$place"/bin/* "$staged/$place"/sbin/*; do
      if [ -f "$program" ] && ! [ -L "$program" ] && [ "$(head -c 4 "$program" | tail -c 3)" = ELF ]; then
        folder=${program%/*}
        mkdir -p "$staged/$own/guarded/${folder##*/}"
        mv "$program" "$staged/$own/guarded/${folder##*/}"
        ln -s "../lib/$deb_name/guarded/${folder##*/}/${program##*/}" "$program"
      fi
    done
    if [ -d "$staged/$own/guarded" ]; then
      sed "s|@here@|/$own|" debian/guard >"$staged/$own/guard"
      chmod 755 "$staged/$own/guard"
    fi
  done
  if ! [ -e "$staged/usr/lib/$deb_name/guard" ] && ! [ -e "$staged/usr/local/lib/$deb_name/guard" ]; then
    echo "\`guard = true\`, and there is no program in the result that could be emulated: a file of ELF in \`bin\`" >&2
    exit 1
  fi
fi

# Debian itself owns nothing in /usr/local, and finds its libraries without a path in each program. Who ships for
# machines of their own does both on purpose: the path is what makes one library load on every architecture.
for package in "$staged" "$staged-dev"; do
  if [ -d "$package/usr/local" ]; then
    name=${package##*/}
    {
      echo "# It is meant for /usr/local, and loads its libraries from there on every architecture."
      printf '%s\n' "$name: dir-in-usr-local" "$name: file-in-usr-local" "$name: custom-library-search-path"
    } >>"debian/$name.lintian-overrides"
  fi
done

# What is the same for every architecture is one package for all of them. Whether it is can only be guessed from one
# result, so that packages of one name are compared when they are given out. What is looked for is the same for every
# architecture, so that equal results lead to equal guesses.
of_an_architecture() {
  names='x86_64-linux-gnu|aarch64-linux-gnu'
  LC_ALL=C grep -rlE "$(printf '^\177ELF')|^!<arch>|$names" debian || true
  find debian -printf '%P -> %l\n' | grep -E "$names" || true
}
case $deb_architecture in
  any) ;;
  all)
    if [ -n "$(of_an_architecture)" ]; then
      echo "\`architecture = \"all\"\`, and these are of one architecture, or name one:" >&2
      of_an_architecture >&2
      exit 1
    fi
    sed -i 's/^Architecture: any$/Architecture: all/' debian/control
    ;;
  *)
    if [ -z "$(of_an_architecture)" ]; then
      sed -i 's/^Architecture: any$/Architecture: all/' debian/control
    fi
    ;;
esac

# By which packages libraries of this machine's own come to be there.
for need in "$inputs"/needs/*/*.deb; do
  if [ -e "$need" ]; then
    dpkg-deb --ctrl-tarfile "$need" | tar -xO ./shlibs >>debian/shlibs.local 2>/dev/null || true
  fi
done

terms >>debian/copyright
dh_installdocs
dh_installchangelogs
if [ -n "$deb_start" ]; then
  dh_installsystemd
else
  dh_installsystemd --no-start
fi
dh_installtmpfiles
dh_lintian
dh_link
dh_compress
# What is set-id, or not for everybody's eyes, is so on purpose.
find "$staged" -type f \( -perm /7000 -o ! -perm -004 \) -printf '%m %p\n' >debian/xb-modes
dh_fixperms
while IFS=' ' read -r mode file; do
  chmod "$mode" "$file"
done <debian/xb-modes
# A package of debug symbols is made where there are any.
debug_symbols() {
  find debian -type f -size +1k -exec sh -c '
    for file; do
      "$0-readelf" --section-headers --wide "$file" 2>/dev/null | grep -q " \.debug_info" && echo "$file"
    done' "$triple" {} +
}
if [ -z "$(debug_symbols)" ]; then
  export DEB_BUILD_OPTIONS=noautodbgsym
fi
dh_strip
dh_makeshlibs
if ! dh_shlibdeps; then
  if [ -n "$deb_unshipped" ]; then
    echo "these packages are needed and have no \`ship\`, so that nothing can depend on them:" >&2
    echo "$deb_unshipped" >&2
  fi
  exit 1
fi
dh_installdeb
dh_gencontrol
dh_md5sums
# How many processors there are shows in what several threads compress.
dh_builddeb --destdir="$out" -- -Zxz --threads-max=1
