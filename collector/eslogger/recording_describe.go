package eslogger

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// signatures are how files begin that people take for a recording.
var signatures = []struct{ begin, what string }{
	{"PK\x03\x04", "a zip archive"}, {"BZh", "a file packed by bzip2"}, {"\xfd7zXZ\x00", "a file packed by xz"}, {"\x28\xb5\x2f\xfd", "a file packed by zstd"},
	{"\x1f\x8b", "a file packed more than once"}, {"bplist", "a property list"}, {"<", "XML or HTML"}, {"\xcf\xfa\xed\xfe", "a program"}, {"\xca\xfe\xba\xbe", "a program"},
}

// maxMembers bounds the members that Describe names.
const maxMembers = 5

// Describe says what the text begins with, for people who expected events in it.
func (r *Recording) Describe() string {
	for _, s := range signatures {
		if strings.HasPrefix(r.head, s.begin) {
			return "it looks like " + s.what
		}
	}
	members := memberNames(r.head)
	switch {
	case r.head == "":
		return "it is empty"
	case strings.ContainsFunc(r.head, func(c rune) bool { return c == utf8.RuneError || unicode.IsControl(c) && c != '\t' && c != '\r' }):
		return "it looks like binary data"
	case len(members) > 0:
		return "it looks like JSON of another program: the first object has the members " + strings.Join(members, ", ")
	}
	return "it looks like text without events"
}

// memberNames returns the names of the first members of the first object of a text.
func memberNames(text string) (names []string) {
	begin := strings.IndexByte(text, '{')
	if begin < 0 {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text[begin:]))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() && len(names) < maxMembers {
		var name json.Token
		if name, err = decoder.Token(); err == nil {
			names = append(names, fmt.Sprintf("%.40q", name))
			err = decoder.Decode(new(json.RawMessage))
		}
	}
	return names
}
