//go:build unix

package eslogger

import (
	"os"
	"syscall"
	"testing"
)

// TestDecodeAtTheEdge decodes lines that end where memory ends: a look behind a line's
// last byte would crash.
func TestDecodeAtTheEdge(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 4*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	if err := syscall.Mprotect(memory[3*page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	end := 3 * page
	d, m := new(Decoder), new(Message)
	for _, seed := range seeds {
		if len(seed) > end {
			continue
		}
		for n := len(seed); n >= 0; n-- {
			line := memory[end-n : end : end]
			copy(line, seed)
			d.Decode(line, m)
		}
	}
}
