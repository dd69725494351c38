package forward

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Bounds of RELP; https://github.com/rsyslog/librelp, doc/relp.md.
const (
	maxTransaction = 999_999_999 // then it starts again at 1; 0 is for hints
	maxCommand     = 32          // letters
	maxNumber      = 9           // digits
	maxRELPAnswer  = 16 << 10    // bytes of data: real ones have some 100
)

// relpFrame is one frame from the receiver.
type relpFrame struct {
	transaction int
	command     string
	data        []byte
}

var (
	errRELP        = errors.New("does not speak RELP")
	errRELPRefused = errors.New("opens no session")
)

func badRELP(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errRELP, fmt.Sprintf(format, args...))
}

// appendRELPHeader appends what stands before the data of a frame.
func appendRELPHeader(b []byte, transaction int, command string, length int) []byte {
	b = fmt.Appendf(b, "%d %s %d", transaction, command, length)
	if length > 0 {
		b = append(b, ' ')
	}
	return b
}

// readRELP reads one frame. The error is io.EOF when there is none.
func readRELP(r *bufio.Reader) (relpFrame, error) {
	var f relpFrame
	if _, err := r.Peek(1); err != nil {
		return f, err
	}
	transaction, _, err := readField(r, "transaction number", maxNumber, isDigit, " ")
	if err != nil {
		return f, err
	}
	if f.command, _, err = readField(r, "command", maxCommand, isLetter, " "); err != nil {
		return f, err
	}
	digits, end, err := readField(r, "length", maxNumber, isDigit, " \n")
	if err != nil {
		return f, err
	}
	f.transaction, _ = strconv.Atoi(transaction)
	length, _ := strconv.Atoi(digits)
	switch {
	case length > maxRELPAnswer:
		return f, badRELP("%d bytes of data, more than %d", length, maxRELPAnswer)
	case length > 0 && end != ' ', length == 0 && end != '\n':
		return f, badRELP("%q after a length of %d", end, length)
	case length == 0:
		return f, nil
	}
	data := make([]byte, length+1)
	if _, err := io.ReadFull(r, data); err != nil {
		return f, unexpectedEOF(err)
	}
	if data[length] != '\n' {
		return f, badRELP("no line break after the data")
	}
	f.data = data[:length]
	return f, nil
}

// readField reads a field of at most so many bytes, all valid, and the one of ends after it.
func readField(r *bufio.Reader, what string, most int, valid func(byte) bool, ends string) (string, byte, error) {
	var field []byte
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return "", 0, unexpectedEOF(err)
		case valid(c) && len(field) < most:
			field = append(field, c)
		case len(field) > 0 && strings.IndexByte(ends, c) >= 0:
			return string(field), c, nil
		default:
			return "", 0, badRELP("%q in the %s", c, what)
		}
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// relpAnswer is what the receiver says of one transaction.
type relpAnswer struct {
	transaction int
	code        int
	text        string // for people
	data        []byte
}

const relpOK = 200 // all else is an error

// parseAnswer reads the frame as the answer to a transaction.
func (f *relpFrame) parseAnswer() (relpAnswer, error) {
	a := relpAnswer{transaction: f.transaction}
	if f.command != "rsp" || f.transaction == 0 || f.transaction > maxTransaction {
		return a, badRELP("%s of transaction %d", quote(f.command), f.transaction)
	}
	first, data, _ := bytes.Cut(f.data, []byte("\n"))
	code, text, _ := strings.Cut(string(first), " ")
	if len(code) != 3 || strings.Trim(code, "0123456789") != "" {
		return a, badRELP("%s as a status", quote(code))
	}
	a.code, _ = strconv.Atoi(code)
	a.text, a.data = text, data
	return a, nil
}

// checkOpen says why the session to whose opening this is the answer can't be used, or nil.
func (a *relpAnswer) checkOpen() error {
	if a.code != relpOK {
		return fmt.Errorf("%w: %d %s", errRELPRefused, a.code, quote(a.text))
	}
	version, commands := "", ""
	for offer := range strings.SplitSeq(string(a.data), "\n") {
		name, value, _ := strings.Cut(offer, "=")
		switch name {
		case "relp_version":
			version = value
		case "commands":
			commands = value
		}
	}
	// The specification has 1 and calls 0 an experiment; librelp offers 0.
	if version != "0" && version != "1" {
		return badRELP("offers version %s", quote(version))
	}
	if slices.Contains(strings.Split(commands, ","), "syslog") {
		return nil
	}
	return fmt.Errorf("%w: takes no syslog messages, only %s", errRELPRefused, quote(commands))
}
