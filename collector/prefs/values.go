package prefs

import (
	"strings"

	"hooksnare/pkg/plist"
)

var keys = [...]string{LoginHook, LogoutHook, EnableMCX, MCXScriptTrust}

// value is what a file holds under a key.
type value struct {
	set  bool
	text string
}

func (v value) pointer() *string {
	if !v.set {
		return nil
	}
	return &v.text
}

// values are those of all keys, in their order.
type values [len(keys)]value

func (v *values) byKey() map[string]string {
	var m map[string]string
	for i, k := range keys {
		if v[i].set {
			if m == nil {
				m = map[string]string{}
			}
			m[k] = v[i].text
		}
	}
	return m
}

// over returns the values where they are set, and old ones elsewhere.
func (v values) over(old values) values {
	for i := range v {
		if !v[i].set {
			v[i] = old[i]
		}
	}
	return v
}

// parsePreferences reads the content of a preferences file. Values that come with an error, or are
// uncertain, are what seems to be there.
func parsePreferences(b []byte) (vals values, uncertain bool, err error) {
	found, err := plist.Find(b, keys[:]...)
	return valuesOf(found), found.Uncertain, err
}

func valuesOf(found plist.Found) (out values) {
	for i, k := range keys {
		var texts []string
		for _, v := range found.Values[k] {
			texts = append(texts, valueText(v))
		}
		out[i] = joinedValue(texts)
	}
	return out
}

// joinedValue is the value of a key that may have several: all of them, one a line.
func joinedValue(texts []string) value {
	if len(texts) < 2 {
		return value{len(texts) == 1, strings.Join(texts, "")}
	}
	return value{true, valueText(strings.Join(texts, "\n"))}
}
