enter
words "$go_tests" find_modules -test
# Without `-trimpath`, since tests look for their files beside the path that is in the program. So nothing is left to
# take over from the build: what Go has compiled with it is something else to Go, down to the standard library.
test_packages() {
  words "$go_tests" go test -vet=off -timeout=1h "$@"
}
words "$go_test_flags" test_packages
