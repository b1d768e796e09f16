// Many goroutines that allocate, call C and are collected: what has made emulated programs crash at random.
package main

/*
#include <stdlib.h>
#include <string.h>
static int length(const char *text) { return (int)strlen(text); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

func work(number int) int {
	sum := 0
	for round := 0; round < 50; round++ {
		pieces := make([][]byte, 0, 16)
		for size := 1; size <= 16; size++ {
			pieces = append(pieces, make([]byte, size*64))
		}
		text := C.CString(strings.Repeat("x", number%64+len(pieces)))
		sum += int(C.length(text))
		C.free(unsafe.Pointer(text))
		if round%10 == 0 {
			runtime.Gosched()
		}
		if number%50 == 0 && round%25 == 0 {
			runtime.GC()
		}
	}
	return sum
}

func main() {
	const goroutines = 200
	sums := make([]int, goroutines)
	var all sync.WaitGroup
	for number := range sums {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			sums[number] = work(number)
		}(number)
	}
	all.Wait()
	total, expected := 0, 0
	for number, sum := range sums {
		total += sum
		expected += 50 * (number%64 + 16)
	}
	if total != expected {
		fmt.Println("wrong:", total, "in place of", expected)
		os.Exit(1)
	}
	fmt.Println("right", runtime.NumCPU())
}
