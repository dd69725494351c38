package hook

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"hooksnare/pkg/plist"
)

// scalar returns a property-list value as text. Containers have none: a hook is a
// string, and loginwindow does not look into anything else.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10), true
		}
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case json.Number:
		return v.String(), true
	case time.Time:
		return v.UTC().Format(time.RFC3339), true
	}
	return "", false
}

// startsWith says whether the first byte of s that is no white space is in set.
func startsWith(s, set string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s != "" && strings.IndexByte(set, s[0]) >= 0
}

// written returns what defaults stores for a value given without a type. A word that
// opens like a property list is read as one; anything else, and what can't be read,
// is text.
func written(words []string) (string, bool) {
	if len(words) == 0 {
		return "", false
	}
	if len(words) == 1 && startsWith(words[0], `"'<`) {
		if v, err := decode(words[0]); err == nil {
			if s, ok := scalar(v); ok {
				return s, true
			}
		}
	}
	return strings.Join(words, " "), true
}

// decode reads a property list from an argument.
func decode(s string) (any, error) { return plist.DecodeText([]byte(s)) }

// dictionary reads an argument that stands for a whole domain. broken says that it
// can't be read; nil and false mean that the tool refuses it for being something else.
func dictionary(s string) (d map[string]any, broken bool) {
	if strings.TrimSpace(s) == "" {
		return nil, false
	}
	v, err := decode(s)
	if err != nil {
		return nil, true
	}
	d, _ = v.(map[string]any)
	return d, false
}

// fromJSON reads a JSON fragment.
func fromJSON(s string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
