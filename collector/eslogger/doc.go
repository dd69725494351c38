// Package eslogger runs, supervises and decodes eslogger(1).
//
// Its promise: every complete line that eslogger wrote is either handed on as a
// [Message] or counted as one that could not be read; no input of any kind stops
// the reading; and a sensor that sees nothing is a named [State], never silence.
//
// Half of a line is of no use, and must yet be checked: what the file system says of each
// file, and the environment. The order of members is random, so readers that go from
// member to member wait at each for the one before. One function in assembly, classify,
// therefore says of 64 bytes at a time which are what, with AVX2 on amd64 and NEON on
// arm64; all judgement is in Go, the same for both. Where the instructions are missing,
// or a text has anything unusual, the readers in plain Go do all. Tests compare classify
// with a loop over bytes, and what is decoded with it, and without it, with encoding/json;
// they read up to the edge of mapped memory; and "make emulate" runs them for arm64 on any
// Linux.
package eslogger
