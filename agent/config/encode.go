package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	howett "howett.net/plist"
)

// dictionary returns an exception as it is written in a property list.
func (x *Exception) dictionary() map[string]any {
	if x.Require.JamfManaged { // which only the preset asks for
		return map[string]any{"Preset": presetName}
	}
	written := map[string]any{"ID": x.ID, "Where": x.Where, "Reason": x.Reason}
	if len(x.Rules) > 0 {
		written["Rules"] = x.Rules
	}
	if !x.Expires.IsZero() {
		written["Expires"] = x.Expires.UTC()
	}
	if !x.Require.IsZero() {
		written["Require"] = x.Require
	}
	return written
}

// EncodeExceptions returns a property list in which the key Exceptions has exactly these, as a
// configuration takes it. The error says why an agent would not have them as they are.
func EncodeExceptions(list []Exception) ([]byte, error) {
	written := []any{}
	for i := range list {
		written = append(written, list[i].dictionary())
	}
	content, err := encode(map[string]any{exceptionsKey: written})
	if err != nil {
		return nil, err
	}
	var c Config
	d := newDecoder(Local, Options{})
	d.decodeContent([]key{{name: exceptionsKey, decode: c.decodeExceptions}}, content)
	if d.count > 0 {
		return nil, fmt.Errorf("%s: %s", d.faults[0].Key, d.faults[0].Why)
	}
	for i, got := range c.Exceptions {
		if want := list[i].asDecoded(got.Key, false); !reflect.DeepEqual(got, want) {
			return nil, fmt.Errorf("exception %s: would not be read as it is meant", want.ID)
		}
	}
	return content, nil
}

// asDecoded returns an exception as it is read at a place of a property list.
func (x *Exception) asDecoded(key string, own bool) Exception {
	want := *x
	want.Key, want.Own = key, own
	want.Expires = want.Expires.UTC().Truncate(time.Second) // as a property list holds it
	return want
}

// encode returns a property list as XML, the same for the same values.
func encode(top any) ([]byte, error) {
	b, err := howett.MarshalIndent(top, howett.XMLFormat, "\t")
	if err == nil && len(b) >= maxFile {
		err = fmt.Errorf("would have %d bytes, more than the %d that are read", len(b)+1, maxFile)
	}
	return append(slices.Clip(b), '\n'), err
}
