package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// exceptionsKey is the one key of the file of exceptions.
const exceptionsKey = "Exceptions"

// ExceptionsPath returns where the file of exceptions is on the disk below root.
func ExceptionsPath(root string) string { return filepath.Join("/", root, ExceptionsFile) }

// OwnExceptions reads the file of exceptions on the disk below root, which need not be
// there. beside are the exceptions of the configuration, whose IDs are taken.
//
// The error joins an *Error for each thing that is wrong. The exceptions that come with it
// are right all the same.
func OwnExceptions(root string, beside []Exception) ([]Exception, error) {
	d, c := newDecoder(Own, Options{Root: root}), Config{Exceptions: slices.Clip(beside)}
	d.decodeFile(ownKeys(&c))
	return c.Exceptions[len(beside):], errors.Join(d.sortedErrors()...)
}

// ownKeys is what the file of exceptions may hold; what is decoded is added to c.
func ownKeys(c *Config) []key {
	return []key{{name: exceptionsKey, decode: func(v value) bool {
		used := map[string]string{}
		for i := range c.Exceptions {
			x := &c.Exceptions[i]
			if used[x.ID] = "the default"; x.Key != "" {
				used[x.ID] = x.Key + " of the configuration"
			}
		}
		for _, x := range v.decodeExceptionList(used) {
			x.Own = true
			c.Exceptions = append(c.Exceptions, x)
		}
		return true
	}}}
}

// OwnPlace reports why a path on the disk below root is not a place for what the agent takes
// as its owner's word: others can write there.
func OwnPlace(root, name string) error {
	at, writable, err := safefile.WritableByOthers(filepath.Join("/", root), name)
	if writable {
		return fmt.Errorf("others can write %q: run chown root and chmod go-w for it", at)
	}
	return err
}

// OwnFile is the content of the file of exceptions as it is written there. What it holds
// that is wrong or not known stays as it is.
type OwnFile struct {
	root string
	top  map[string]any
	list []any
}

// ReadOwnFile reads the file of exceptions to change it. One that is not there is empty; one
// that holds something else is an error.
func ReadOwnFile(root string) (*OwnFile, error) {
	f, path := &OwnFile{root: root, top: map[string]any{}}, ExceptionsPath(root)
	content, err := newDecoder(Own, Options{Root: root}).readContent()
	if err == nil && content == nil {
		return f, nil
	}
	var top any
	if err == nil {
		top, err = plist.Decode(content)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	var ok bool
	if f.top, ok = top.(map[string]any); !ok {
		return nil, &Error{File: path, Why: "expected a dictionary, found " + describeValue(top)}
	}
	list, found := f.top[exceptionsKey]
	if f.list, ok = list.([]any); found && !ok {
		return nil, &Error{File: path, Key: exceptionsKey, Why: "expected an array of dictionaries, found " + describeValue(list)}
	}
	return f, nil
}

// hasID reports whether an exception as it is written, right or wrong, has an ID.
func hasID(id string) func(any) bool {
	return func(v any) bool {
		d, _ := v.(map[string]any)
		return d["ID"] == id
	}
}

// Has reports whether the file has an exception with an ID, be it right or wrong.
func (f *OwnFile) Has(id string) bool { return slices.ContainsFunc(f.list, hasID(id)) }

// Remove removes the exceptions with an ID.
func (f *OwnFile) Remove(id string) { f.list = slices.DeleteFunc(f.list, hasID(id)) }

// Add adds an exception. beside are those of the configuration. The error says why an agent
// that reads the file would not have the exception exactly as it is.
func (f *OwnFile) Add(x *Exception, beside []Exception) error {
	key := fmt.Sprintf("%s[%d]", exceptionsKey, len(f.list))
	f.list = append(f.list, x.dictionary())
	content, err := f.Encode()
	if err != nil {
		return err
	}
	d, c := newDecoder(Own, Options{Root: f.root}), Config{Exceptions: slices.Clip(beside)}
	d.decodeContent(ownKeys(&c), content)
	want := x.asDecoded(key, true)
	for _, got := range c.Exceptions[len(beside):] {
		if reflect.DeepEqual(got, want) {
			return nil
		}
	}
	for _, e := range d.faults { // those of other exceptions do not count
		if member, found := strings.CutPrefix(e.Key, key); found {
			return fmt.Errorf("exception %s: %s: %s", x.ID, strings.TrimPrefix(member, "."), e.Why)
		}
	}
	return fmt.Errorf("exception %s: would not be read as it is meant: %w", x.ID, errors.Join(d.sortedErrors()...))
}

// Encode returns the file's content as XML.
func (f *OwnFile) Encode() ([]byte, error) {
	if f.top[exceptionsKey] = f.list; f.list == nil {
		f.top[exceptionsKey] = []any{}
	}
	b, err := encode(f.top)
	if err != nil {
		return nil, &Error{File: ExceptionsPath(f.root), Why: err.Error()}
	}
	return b, nil
}
