package collectors_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stanzas reads a .conf file of Splunk: continued lines, comments, one setting a line.
func stanzas(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	stanza := ""
	for n, line := range strings.Split(strings.ReplaceAll(read(t, name), "\\\n", "\x00"), "\n") {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\x00", "\n"))
		key, value, setting := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			stanza = line[1 : len(line)-1]
			if out[stanza] != nil {
				t.Errorf("%s: [%s] is there twice", name, stanza)
			}
			out[stanza] = map[string]string{}
		case !setting || stanza == "" || strings.ContainsAny(key, " \n"):
			t.Errorf("%s: line %d is no setting: %q", name, n+1, line)
		case out[stanza][key] != "":
			t.Errorf("%s: [%s] sets %s twice", name, stanza, key)
		default:
			out[stanza][key] = strings.TrimSpace(value)
		}
	}
	return out
}

// TestSplunk reads the configuration, and tries its patterns on documents.
func TestSplunk(t *testing.T) {
	files, err := filepath.Glob("splunk/default/*.conf")
	if err != nil || len(files) < 7 {
		t.Fatalf("%q, %v", files, err)
	}
	all := map[string]map[string]map[string]string{}
	for _, f := range files {
		all[filepath.Base(f)] = stanzas(t, f)
	}
	props := all["props.conf"]["hooksnare:alert"]
	heartbeat := all["transforms.conf"][props["TRANSFORMS-hooksnare"]]
	for _, index := range []string{all["inputs.conf"]["http://hooksnare"]["index"], heartbeat["FORMAT"]} {
		if all["indexes.conf"][index] == nil {
			t.Errorf("index %q: not in indexes.conf", index)
		}
	}
	beat := regexp.MustCompile(heartbeat["REGEX"])
	place := regexp.MustCompile(props["EXTRACT-delivery"])
	const head = `{"event":{"kind":"state","id":"x","sequence":1,"module":"hooksnare",`
	chain, previous := strings.Repeat("a1", 16), strings.Repeat("b2", 32)
	line := head + `"dataset":"hooksnare.heartbeat"},"hooksnare":{"delivery":{"chain":"` + chain + `","sequence":17,"previous":"` + previous + `"}}}`
	if !beat.MatchString(line) {
		t.Error("transforms.conf: does not know a heartbeat")
	}
	if m := place.FindStringSubmatch(line); len(m) != 4 || m[1] != chain || m[2] != "17" || m[3] != previous {
		t.Errorf("props.conf: finds %q of a document's place", m)
	}
	if m := place.FindStringSubmatch(strings.Replace(line, `,"previous":"`+previous+`"`, "", 1)); len(m) != 4 || m[2] != "17" || m[3] != "" {
		t.Errorf("props.conf: finds %q of the place of a first document", m)
	}
	forged := head + `"severity":73},"message":"\"module\":\"hooksnare\",\"dataset\":\"hooksnare.heartbeat\" \"delivery\":{\"chain\":\"` + chain + `\",\"sequence\":1}"}`
	if beat.MatchString(forged) || place.MatchString(forged) {
		t.Error("text within an alert passes for a heartbeat or for its place")
	}
}

// TestSavedSearches wants macros that are there and fields that documents have.
func TestSavedSearches(t *testing.T) {
	macros, known := stanzas(t, "splunk/default/macros.conf"), members(t)
	searches := stanzas(t, "splunk/default/savedsearches.conf")
	if len(searches) < 7 {
		t.Fatalf("only %d searches", len(searches))
	}
	for name, s := range searches {
		query := s["search"]
		for _, m := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(query, -1) {
			if macros[m[1]] == nil {
				t.Errorf("%s: macro %q is not in macros.conf", name, m[1])
			}
		}
		for _, f := range regexp.MustCompile(`\b(?:host|event|rule|hooksnare)\.[a-z_.{}]+`).FindAllString(query, -1) {
			path := strings.ReplaceAll(f, "{}", "")
			if known[path] == "" && path != "hooksnare.heartbeat.outputs" {
				t.Errorf("%s: asks for %s, which no document has", name, f)
			}
		}
		if s["description"] == "" || strings.Count(query, "(") != strings.Count(query, ")") || strings.Count(query, `"`)%2 != 0 {
			t.Errorf("%s: no description, or brackets and quotes that do not match: %s", name, query)
		}
		if group := s["alert.suppress.fields"]; s["alert.suppress"] == "1" {
			last := query[strings.LastIndex(query, "\n|"):]
			for _, f := range strings.Split(group, ",") {
				if !strings.Contains(query, f) || strings.HasPrefix(last, "\n| table") && !strings.Contains(last, f) {
					t.Errorf("%s: suppresses by %s, which is not in its result", name, f)
				}
			}
		}
	}
}
