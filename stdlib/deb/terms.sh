# terms: what the files of the source say of its terms, and of who has the rights. Of the long texts that every Debian
# system has, only where they are.
terms() {
  for file in "$inputs"/upstream/*; do
    name=${file##*/}
    case $(echo "$name" | tr '[:lower:]' '[:upper:]') in
      LICEN[CS]E* | COPYING* | COPYRIGHT* | NOTICE* | UNLICENSE*) ;;
      *) continue ;;
    esac
    if ! [ -f "$file" ]; then
      continue
    fi
    title=$(head -n 20 "$file" | grep -m 1 -oE \
      '^ *(GNU (LESSER |LIBRARY )?GENERAL PUBLIC LICENSE|Apache License|Mozilla Public License)' | sed 's/^ *//' || true)
    if [ -n "$title" ]; then
      printf '\nThe file %s of the source is the %s, of which the text is in\n/usr/share/common-licenses.\n' "$name" "$title"
    else
      printf '\nThe file %s of the source says:\n\n' "$name"
      as_utf_8 "$file" | tr -d '\r'
    fi
  done
}

# as_utf_8 FILE: what is no UTF-8 is from a time when it was Latin-1.
as_utf_8() {
  if iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1; then
    cat "$1"
  else
    iconv -f ISO-8859-1 -t UTF-8 "$1"
  fi
}
