package eslogger

import "golang.org/x/sys/cpu"

// wide tells whether this processor has the instructions that classify uses.
var wide = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ

// classify finds the classes of n times 64 bytes of text. inside is all ones where this
// begins inside a string, zero where not; what is before it is no backslash. It reports
// whether no byte is a control character, and none but a slash comes after a backslash.
//
//go:noescape
func classify(text *byte, to *classes, n int, inside uint64) bool
