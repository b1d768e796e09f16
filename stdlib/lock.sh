# take_lock FILE LOCK: the source's FILE is the lock that the package names, or there is none in the source yet.
take_lock() {
  if ! [ -f "$1" ]; then
    cp "$2" "$1"
  elif ! cmp -s "$1" "$2"; then
    echo "the source has a \`${1##*/}\` that is not the one which \`lock\` names: copy the source's over it" >&2
    diff -u "$2" "$1" | head -20 >&2
    exit 1
  fi
}
