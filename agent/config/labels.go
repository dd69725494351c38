package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hooksnare/pkg/quote"
)

// Bounds of labels, which are in every document, in number and in bytes.
const (
	maxLabels    = 32
	maxLabelName = 64
	maxLabelText = 256
)

var readLabelText = acceptedBy(readText("a text"), func(s string) error {
	if len(s) > maxLabelText {
		return fmt.Errorf("expected at most %d bytes, found %d", maxLabelText, len(s))
	}
	return nil
})

// readLabels reads texts by the names that they have below labels.
func readLabels(v value) map[string]string {
	given, isDictionary := v.raw.(map[string]any)
	switch {
	case !isDictionary:
		v.addMismatch("a dictionary of strings")
		return nil
	case len(given) > maxLabels:
		v.addFault("expected at most %d labels, found %d", maxLabels, len(given))
		return nil
	}
	var labels map[string]string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if why := labelNameFault(name); why != "" {
			v.addFaultAt(v.key, v.lines[joinKey(v.key, name)], "the name %s %s", quote.Bounded(name, maxQuoted), why)
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[name] = readLabelText(v.memberNamed(name))
	}
	return labels
}

// labelNameFault says what is wrong with the name of a label, "" for nothing.
func labelNameFault(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is empty: write what the label is about"
	case len(name) > maxLabelName:
		return fmt.Sprintf("has %d bytes: write at most %d", len(name), maxLabelName)
	case strings.Contains(name, "."):
		return "has a dot, which ECS reads as a level of its own: write _ instead"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "has control characters: write it without"
	case strings.TrimSpace(name) != name:
		return "begins or ends with a space: write it without"
	}
	return ""
}
