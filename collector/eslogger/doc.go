// Package eslogger runs, supervises and decodes eslogger(1).
//
// Its promise: every complete line that eslogger wrote is either handed on as a
// [Message] or counted as one that could not be read; no input of any kind stops
// the reading; and a sensor that sees nothing is a named [State], never silence.
package eslogger
