package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	howett "howett.net/plist"

	"hooksnare/pkg/plist"
)

// OwnFile is the content of the file of exceptions as it is written there. What it holds
// that is wrong or not known stays as it is.
type OwnFile struct {
	root string
	top  map[string]any
	list []any
}

// ReadOwnFile reads the file of exceptions to change it. One that is not there is empty; one
// that is no such file at all is an error.
func ReadOwnFile(root string) (*OwnFile, error) {
	f, path := &OwnFile{root: root, top: map[string]any{}}, ExceptionsPath(root)
	doc, err := readOwn(root)
	if err != nil {
		return nil, &Error{File: path, Why: reason(err, path)}
	}
	if doc == nil {
		return f, nil
	}
	v, err := plist.Decode(doc)
	if err != nil {
		return nil, malformed(path, err)
	}
	var ok bool
	if f.top, ok = v.(map[string]any); !ok {
		return nil, &Error{File: path, Why: "expected a dictionary, found " + describe(v, false)}
	}
	list, found := f.top[exceptionsKey]
	if f.list, ok = list.([]any); found && !ok {
		return nil, &Error{File: path, Key: exceptionsKey, Why: "expected an array of dictionaries, found " + describe(list, false)}
	}
	return f, nil
}

// Has reports whether the file has an exception with an ID, be it right or wrong.
func (f *OwnFile) Has(id string) bool {
	return slices.ContainsFunc(f.list, func(v any) bool { return idOf(v) == id })
}

// idOf returns the ID of an exception as it is written, "" for none.
func idOf(v any) string {
	d, _ := v.(map[string]any)
	id, _ := d["ID"].(string)
	return id
}

// Remove removes the exceptions with an ID.
func (f *OwnFile) Remove(id string) {
	f.list = slices.DeleteFunc(f.list, func(v any) bool { return idOf(v) == id })
}

// Add adds an exception.
func (f *OwnFile) Add(x *Exception) {
	d := map[string]any{"ID": x.ID, "Where": x.Where, "Reason": x.Reason}
	if len(x.Rules) > 0 {
		d["Rules"] = anys(x.Rules)
	}
	if !x.Expires.IsZero() {
		d["Expires"] = x.Expires.UTC()
	}
	if !x.Require.IsZero() {
		d["Require"] = x.Require.dictionary()
	}
	f.list = append(f.list, d)
}

func (r *Require) dictionary() map[string]any {
	d := map[string]any{}
	if r.Owner != "" {
		d["Owner"] = r.Owner
	}
	if r.NotWritableByOthers {
		d["NotWritableByOthers"] = true
	}
	if len(r.SHA256) > 0 {
		d["SHA256"] = anys(r.SHA256)
	}
	if r.TeamID != "" {
		d["TeamID"] = r.TeamID
	}
	return d
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Encode returns the file's content as XML.
func (f *OwnFile) Encode() ([]byte, error) {
	if f.top[exceptionsKey] = f.list; f.list == nil {
		f.top[exceptionsKey] = []any{}
	}
	b, err := howett.MarshalIndent(f.top, howett.XMLFormat, "\t")
	if err != nil {
		return nil, &Error{File: ExceptionsPath(f.root), Why: err.Error()}
	}
	if b = append(b, '\n'); len(b) > maxFile {
		return nil, &Error{File: ExceptionsPath(f.root), Why: fmt.Sprintf("would have %d bytes, more than the %d that are read", len(b), maxFile)}
	}
	return b, nil
}

// Holds reports why an agent that reads a content of the file would not go by an exception
// exactly as it is. What is wrong with others is no matter.
func (f *OwnFile) Holds(content []byte, x *Exception, beside []Exception, checkWhere func(string) error) error {
	at := &origin{file: ExceptionsPath(f.root), root: f.root, problems: &problems{}, checkWhere: checkWhere}
	for _, got := range at.ownDocument(content, beside) {
		if got.ID != x.ID {
			continue
		}
		want := *x
		got.Key, got.Own, want.Key, want.Own = "", false, "", false
		got.Expires, want.Expires = got.Expires.UTC(), want.Expires.UTC().Truncate(time.Second)
		if reflect.DeepEqual(got, want) {
			return nil
		}
		return fmt.Errorf("exception %s: would not be read as it was meant", x.ID)
	}
	last := fmt.Sprintf("%s[%d]", exceptionsKey, len(f.list)-1)
	for _, e := range at.problems.list {
		if e.Key == exceptionsKey {
			return e // of the list as a whole
		}
		if len(e.Key) >= len(last) && e.Key[:len(last)] == last {
			return fmt.Errorf("exception %s: %s: %s", x.ID, e.Key[len(last):], e.Why)
		}
	}
	return fmt.Errorf("exception %s: would not be read", x.ID)
}
