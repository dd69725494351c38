package hook

import (
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

// written returns what defaults stores for a value given without a type. A word that
// opens like a property list is read as one; anything else, and what can't be read,
// is text.
func written(words []string) (string, bool) {
	if len(words) == 0 {
		return "", false
	}
	if first := strings.TrimLeft(words[0], " \t\r\n"); len(words) == 1 && first != "" && strings.IndexByte(`"'<`, first[0]) >= 0 {
		if v, err := plist.DecodeText([]byte(words[0])); err == nil {
			if s, ok := scalar(v); ok {
				return s, true
			}
		}
	}
	return strings.Join(words, " "), true
}

// dictionary reads an argument that stands for a whole domain. broken means that it
// can't be read; nil and false that the tool refuses it for being something else.
func dictionary(s string) (d map[string]any, broken bool) {
	if strings.TrimSpace(s) == "" {
		return nil, false
	}
	v, err := plist.DecodeText([]byte(s))
	if err != nil {
		return nil, true
	}
	d, _ = v.(map[string]any)
	return d, false
}
