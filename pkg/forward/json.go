package forward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// maxMembers bounds the members of an object in an answer; no receiver's answer has a
// tenth of it.
const maxMembers = 64

// readObject returns the members of an object, which must be all there is. Names count as
// they are written, and one that is there twice is an error: readers differ in which counts.
func readObject(body []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(body) {
		return nil, errors.New("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		if _, twice := members[name]; twice || len(members) == maxMembers {
			return nil, fmt.Errorf("%s is there twice, or behind %d other members", quoteText(name), maxMembers)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[name] = value
	}
	return members, nil
}

// readNumber reads a whole number, and nothing else that encoding/json would take for one.
func readNumber(raw json.RawMessage) (int64, error) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a whole number, found %s", quoteText(string(raw)))
	}
	return n, nil
}

// readText reads a string, and returns "" for anything else.
func readText(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text)
	return text
}

// appendString appends the text as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	out := bytes.NewBuffer(slices.Grow(b, len(s)+len(s)/4+2))
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(s)) // a string can always be encoded, and a Buffer takes all
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
