package forward

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// watched is a file that is read again when it is another one. The last content that
// could be used stays in use while a new one can't be read, as in the middle of a
// rotation.
type watched struct {
	path string
	seen os.FileInfo // of the last attempt to read; nil when there was no file
	read bool        // there was an attempt
	data []byte
	err  error // of the last attempt
}

// changed says whether the file is not the one that was last read.
func (w *watched) changed() bool {
	if w.path == "" {
		return false
	}
	if !w.read {
		return true
	}
	now, err := os.Stat(w.path)
	if err != nil {
		return w.seen != nil
	}
	return w.seen == nil || !os.SameFile(now, w.seen) || !now.ModTime().Equal(w.seen.ModTime()) ||
		now.Size() != w.seen.Size() || now.Mode() != w.seen.Mode()
}

// load reads the file. The state of the file is noted before it is read: a change
// meanwhile is then seen the next time.
func (w *watched) load(read func(string) ([]byte, error)) {
	seen, err := os.Stat(w.path)
	if err != nil {
		seen = nil
	}
	w.seen, w.read = seen, true
	w.data, w.err = read(w.path)
}

// token is what a token file holds: one word, sent with every request.
type token struct {
	file watched
	word string
}

// maxToken bounds a token, in bytes.
const maxToken = 4096

// current returns the token, read again when its file changed. A file that could not be
// used is read each time: a new owner does not show in what changed looks at.
func (t *token) current(c *Config) (string, *Error) {
	if t.file.path == "" {
		return "", nil
	}
	if t.file.changed() || t.file.err != nil {
		t.load(c)
	}
	if t.word == "" {
		return "", c.fail(KindFile, t.file.err, "TokenFile: "+fileReason(t.file.path, t.file.err))
	}
	return t.word, nil
}

// load reads the token. One that can't be used leaves the old one in use.
func (t *token) load(c *Config) {
	t.file.load(c.ReadSecret)
	word := string(bytes.TrimSpace(t.file.data))
	clear(t.file.data)
	switch {
	case t.file.err != nil:
	case len(word) > maxToken || !headerText(word):
		t.file.err = errToken
	default:
		t.word = word
	}
}

var errToken = fmt.Errorf("expected one line of printable ASCII, at most %d bytes", maxToken)

// headerText says whether the text can stand in a header: printable ASCII, and no line
// break that would start a header of its own.
func headerText(s string) bool {
	return s != "" && strings.Trim(s, " ") == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
