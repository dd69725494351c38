package forward

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of RELP; https://github.com/rsyslog/librelp, doc/relp.md.
const (
	maxTransaction = 999_999_999 // then it starts again at 1; 0 is for hints
	maxRELPHeader  = 9 + 1 + 32 + 1 + 9 + 1
	maxRELPAnswer  = 16 << 10 // bytes of data: real ones have some 100
)

// relpHeader is a transaction number, a command and the length of the data. A line break ends a frame
// without data, a blank is before data.
var relpHeader = regexp.MustCompile(`^([0-9]{1,9}) ([A-Za-z]{1,32}) ([0-9]{1,9})[ \n]$`)

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
func readRELP(r *bufio.Reader) (f relpFrame, err error) {
	if _, err := r.Peek(1); err != nil {
		return f, err
	}
	header := make([]byte, 0, maxRELPHeader)
	for blanks := 0; blanks < 3; {
		c, err := r.ReadByte()
		if err != nil {
			return f, unexpectedEOF(err)
		}
		if header = append(header, c); c == '\n' || len(header) == maxRELPHeader {
			break
		}
		if c == ' ' {
			blanks++
		}
	}
	fields := relpHeader.FindSubmatch(header)
	if fields == nil {
		return f, badRELP("%s as a frame", quoteText(string(header)))
	}
	f.transaction, _ = strconv.Atoi(string(fields[1]))
	f.command = string(fields[2])
	length, _ := strconv.Atoi(string(fields[3]))
	switch hasData := header[len(header)-1] == ' '; {
	case length > maxRELPAnswer:
		return f, badRELP("%d bytes of data, more than %d", length, maxRELPAnswer)
	case hasData != (length > 0):
		return f, badRELP("%s as a frame", quoteText(string(header)))
	case !hasData:
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
	if f.command != "rsp" || f.transaction == 0 {
		return a, badRELP("%s of transaction %d", quoteText(f.command), f.transaction)
	}
	first, data, _ := bytes.Cut(f.data, []byte("\n"))
	code, text, _ := strings.Cut(string(first), " ")
	if len(code) != 3 || strings.Trim(code, "0123456789") != "" {
		return a, badRELP("%s as a status", quoteText(code))
	}
	a.code, _ = strconv.Atoi(code)
	a.text, a.data = text, data
	return a, nil
}

// checkOpen says why the session to whose opening this is the answer can't be used, or nil.
func (a *relpAnswer) checkOpen() error {
	if a.code != relpOK {
		return fmt.Errorf("%w: %d %s", errRELPRefused, a.code, quoteText(a.text))
	}
	offers := map[string]string{}
	for offer := range strings.SplitSeq(string(a.data), "\n") {
		name, value, _ := strings.Cut(offer, "=")
		offers[name] = value
	}
	// The specification has 1 and calls 0 an experiment; librelp offers 0.
	if version := offers["relp_version"]; version != "0" && version != "1" {
		return badRELP("offers version %s", quoteText(version))
	}
	if commands := offers["commands"]; !slices.Contains(strings.Split(commands, ","), "syslog") {
		return fmt.Errorf("%w: takes no syslog messages, only %s", errRELPRefused, quoteText(commands))
	}
	return nil
}
