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
	b = append(strconv.AppendInt(b, int64(transaction), 10), ' ')
	b = append(append(b, command...), ' ')
	b = strconv.AppendInt(b, int64(length), 10)
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
	transaction, end, err := readNumber(r, "transaction number")
	if err == nil && end != ' ' {
		err = badRELP("%q behind the transaction number", end)
	}
	if err != nil {
		return f, err
	}
	if f.command, err = readCommand(r); err != nil {
		return f, err
	}
	length, end, err := readNumber(r, "length")
	switch {
	case err != nil:
		return f, err
	case length > maxRELPAnswer:
		return f, badRELP("%d bytes of data, more than %d", length, maxRELPAnswer)
	case length > 0 && end != ' ', length == 0 && end != '\n':
		return f, badRELP("%q behind a length of %d", end, length)
	}
	f.transaction = transaction
	if length == 0 {
		return f, nil
	}
	data := make([]byte, length+1)
	if _, err := io.ReadFull(r, data); err != nil {
		return f, unexpected(err)
	}
	if data[length] != '\n' {
		return f, badRELP("no line break behind the data")
	}
	f.data = data[:length]
	return f, nil
}

// readNumber reads a number and the byte behind it.
func readNumber(r *bufio.Reader, what string) (n int, end byte, err error) {
	for digits := 0; ; digits++ {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, 0, unexpected(err)
		case (c < '0' || c > '9') && digits > 0:
			return n, c, nil
		case c < '0' || c > '9' || digits == maxNumber:
			return 0, 0, badRELP("%q in the %s", c, what)
		}
		n = n*10 + int(c-'0')
	}
}

// readCommand reads a command and the space behind it.
func readCommand(r *bufio.Reader) (string, error) {
	var b []byte
	for {
		c, err := r.ReadByte()
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		switch {
		case err != nil:
			return "", unexpected(err)
		case c == ' ' && len(b) > 0:
			return string(b), nil
		case !letter || len(b) == maxCommand:
			return "", badRELP("%q in the command", c)
		}
		b = append(b, c)
	}
}

func unexpected(err error) error {
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

// answer reads the frame as the answer to a transaction.
func (f *relpFrame) answer() (relpAnswer, error) {
	a := relpAnswer{transaction: f.transaction}
	if f.command != "rsp" || f.transaction == 0 || f.transaction > maxTransaction {
		return a, badRELP("%s of transaction %d", quote(f.command), f.transaction)
	}
	first, data, _ := bytes.Cut(f.data, []byte("\n"))
	code, text, _ := strings.Cut(string(first), " ")
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return a, badRELP("%s as a status", quote(code))
		}
	}
	if len(code) != 3 {
		return a, badRELP("%s as a status", quote(code))
	}
	a.code, _ = strconv.Atoi(code)
	a.text, a.data = text, data
	return a, nil
}

// open says why a session can't be used that this is the answer to its opening, or nil.
func (a *relpAnswer) open() error {
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
