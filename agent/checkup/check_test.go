package checkup

import (
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger/synthetic"
)

// TestCheck looks at exceptions that are wrong each in its own way.
func TestCheck(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	jamf := `hooksnare.hook.value == "` + synthetic.JamfHook + `"`
	tests := []struct {
		name      string
		exception config.Exception
		want      []string
	}{
		{"as it must be", config.Exception{Where: jamf}, nil},
		{"not expired", config.Exception{Where: jamf, Expires: now.Add(time.Second)}, nil},
		{"expired", config.Exception{Where: jamf, Expires: now}, []string{"Exceptions.Expires: exception x has ended on 2027-01-01: remove or renew it"}},
		{"of a rule", config.Exception{Where: jamf, Rules: []string{"hook-set"}}, nil},
		{"of no rule", config.Exception{Where: jamf, Rules: []string{"hook-set", "hook-sett"}}, []string{`Exceptions.Rules: exception x: no rule has the id "hook-sett"`}},
		{"of all hooks", config.Exception{Where: "true"}, []string{"hides every hook"}},
		{"of a key", config.Exception{Where: `hooksnare.hook.key == "LoginHook"`}, []string{"hides every hook"}},
		{"of what is not", config.Exception{Where: `not hooksnare.hook.value : "/evil*"`}, []string{"hides every hook"}},
		{"of any value", config.Exception{Where: `hooksnare.hook.value : "*"`}, []string{"hides every hook"}},
		{"of a folder", config.Exception{Where: `hooksnare.hook.value : "/Library/Application Support/JAMF/*"`}, nil},
		{
			"all at once", config.Exception{Where: "true", Rules: []string{"a", "b"}, Expires: now.Add(-time.Hour)},
			[]string{"has ended", `"a"`, `"b"`, "hides every hook"},
		},
	}
	for _, tt := range tests {
		c := config.Default()
		tt.exception.ID = "x"
		c.Exceptions = []config.Exception{tt.exception}
		_, err := Check(c, nil, nil, now)
		got := config.Faults(err)
		ok := len(got) == len(tt.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(got[i].Error(), tt.want[i])
		}
		if !ok {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCheckDefault has nothing to say of what nobody changed.
func TestCheckDefault(t *testing.T) {
	if set, err := Check(config.Default(), nil, nil, time.Now()); err != nil || len(set.Rules) == 0 {
		t.Errorf("got %d rules, %v; want some and no fault", len(set.Rules), err)
	}
}
