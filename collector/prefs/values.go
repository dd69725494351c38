package prefs

import (
	"errors"
	"fmt"
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

var errNoDictionary = fmt.Errorf("%w: no dictionary at the top", plist.ErrMalformed)

// parsePreferences reads the content of a preferences file. CoreFoundation also takes
// old-style text for one, which the strict reader refuses; it is taken here when it is a
// dictionary in braces, so that a file cut short is never held for one with fewer keys.
func parsePreferences(b []byte) (values, error) {
	var out values
	v, err := plist.Decode(b)
	if errors.Is(err, plist.ErrFormat) && startsDictionary(b) {
		if text, e := plist.DecodeText(b); e == nil {
			v, err = text, nil
		}
	}
	if err != nil {
		return out, err
	}
	d, ok := v.(map[string]any)
	if !ok {
		return out, errNoDictionary
	}
	for i, k := range keys {
		if v, ok := d[k]; ok {
			out[i] = value{true, valueText(v)}
		}
	}
	return out, nil
}

func startsDictionary(b []byte) bool {
	s := strings.TrimLeft(string(b[:min(len(b), 64)]), "\ufeff \t\r\n")
	return strings.HasPrefix(s, "{") || strings.HasPrefix(s, "<")
}
