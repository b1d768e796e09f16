enter
words "$go_tests" find_modules -test
test_packages() {
  words "$go_tests" go test -vet=off -timeout=1h "$@"
}
words "$go_test_flags" test_packages
