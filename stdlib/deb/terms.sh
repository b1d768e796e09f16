# terms: what the files of the source say of its terms, and of who has the rights. Of the licences whose texts every
# Debian system has, the lines of those texts are left out, and nothing else.
terms() {
  (cd /usr/share/common-licenses && cat Apache-2.0 GPL-* LGPL-* MPL-*) | flat >/tmp/xb-common
  for file in "$inputs"/upstream/*; do
    name=${file##*/}
    case $(echo "$name" | tr '[:lower:]' '[:upper:]') in
      LICEN[CS]E* | COPYING* | COPYRIGHT* | NOTICE* | UNLICENSE*) ;;
      *) continue ;;
    esac
    if [ -f "$file" ]; then
      as_utf_8 "$file" | tr -d '\r' >/tmp/xb-terms
      terms_of "$name" /tmp/xb-terms
    fi
  done
}

terms_of() {
  title=$(grep -m 1 -oE \
    '^ *(GNU (LESSER |LIBRARY )?GENERAL PUBLIC LICENSE|Apache License|Mozilla Public License)' "$2" | sed 's/^ *//' || true)
  if [ -z "$title" ]; then
    printf '\nThe file %s of the source says:\n\n' "$1"
    cat "$2"
    return
  fi
  printf '\nThe file %s of the source has the %s, of which the text is in\n/usr/share/common-licenses.\n' "$1" "$title"
  if flat <"$2" | grep -vxF -f /tmp/xb-common >/tmp/xb-own; then
    printf 'Beside that text it says:\n\n'
    cat /tmp/xb-own
  fi
}

# flat: lines without what only sets them apart.
flat() {
  sed 's/[[:space:]]\{1,\}/ /g; s/^ //; s/ $//'
}

# as_utf_8 FILE: what is no UTF-8 is from a time when it was Latin-1.
as_utf_8() {
  if iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1; then
    cat "$1"
  else
    iconv -f ISO-8859-1 -t UTF-8 "$1"
  fi
}
