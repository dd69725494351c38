package checkup

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// Finding is one thing that doctor has looked at.
type Finding struct {
	Check   string `json:"check"`
	State   string `json:"state"` // well, failing, or unknown where it can't be told from here
	Detail  string `json:"detail"`
	Meaning string `json:"meaning,omitempty"` // of a condition: what it means for what is seen
	Mend    string `json:"mend,omitempty"`    // what to do about it
}

// The states of a finding.
const (
	FindingWell    = "well"
	FindingFailing = "failing"
	FindingUnknown = "unknown"
)

func well(check, detail string) Finding {
	return Finding{Check: check, State: FindingWell, Detail: detail}
}

func failing(check, detail, mend string) Finding {
	return Finding{Check: check, State: FindingFailing, Detail: detail, Mend: mend}
}

func unknown(check, detail, mend string) Finding {
	return Finding{Check: check, State: FindingUnknown, Detail: detail, Mend: mend}
}

// Diagnose looks at what the agent needs and has, and says what to do about what is missing.
func Diagnose(c config.Config, sources config.Sources, loaded error, now time.Time) []Finding {
	out := []Finding{privileges(c), sensorProgram(c), configured(c, sources, loaded, now)}
	st, err := health.ReadStatus(c.StateDir)
	running := health.Running(c.StateDir)
	switch {
	case os.IsPermission(err):
		return append(out, unknown("agent", err.Error(), "run doctor with sudo"))
	case !running:
		f := failing("agent", "no agent runs", "sudo hooksnare install, or sudo hooksnare start")
		if os.Geteuid() != 0 && c.Root == "" {
			f.State, f.Mend = FindingUnknown, "run doctor with sudo, which can see whether it runs"
		}
		return append(out, f)
	case err != nil:
		return append(out, failing("agent", err.Error(), "sudo hooksnare restart"))
	}
	out = append(out, well("agent", fmt.Sprintf("runs as pid %d since %s", st.PID, st.Started.Format(time.DateTime+"Z"))))
	if age := now.Sub(st.Written); age > health.MaxStatusAge {
		out = append(out, failing("status", fmt.Sprintf("the agent has told nothing for %v", age.Round(time.Second)), "sudo hooksnare restart, and send its log /var/log/hooksnare/agent.log"))
	}
	return append(append(out, sensing(&st)...), arriving(&st)...)
}

func privileges(c config.Config) Finding {
	switch {
	case os.Geteuid() == 0:
		return well("root", "this runs as root")
	case c.Root != "" || runtime.GOOS != "darwin":
		return well("root", "not needed on this disk")
	}
	return unknown("root", "this runs as an ordinary user, who can't see all", "run doctor with sudo")
}

func sensorProgram(c config.Config) Finding {
	f := Finding{Check: "eslogger", State: FindingFailing}
	info, err := os.Stat(c.EsloggerPath)
	switch {
	case err != nil && c.Root != "":
		f.State, f.Detail = FindingUnknown, "the agent of this disk is told by --eslogger what to run"
	case err != nil:
		f.Detail, f.Mend = err.Error(), "eslogger comes with macOS 13 and later: update macOS, or look at EsloggerPath"
	case info.IsDir() || info.Mode()&0o111 == 0:
		f.Detail, f.Mend = c.EsloggerPath+" is no program", "look at EsloggerPath"
	default:
		f.State, f.Detail = FindingWell, c.EsloggerPath+" is there"
	}
	return f
}

func configured(c config.Config, sources config.Sources, loaded error, now time.Time) Finding {
	_, faults := Check(c, sources, loaded, now)
	if list := config.Faults(faults); len(list) > 0 {
		return failing("configuration", config.Summary(faults), "sudo hooksnare check names every fault")
	}
	from := "the defaults: there is no profile and no local file"
	for _, name := range [...]string{config.ManagedFile, config.LocalFile} {
		if _, err := os.Stat(filepath.Join("/", c.Root, name)); err == nil {
			from = name
			break
		}
	}
	return well("configuration", "sound, of "+from)
}

// sensing tells what the running agent sees.
func sensing(s *health.Status) []Finding {
	out := conditionFindings(s)
	for i := range s.Health.Conditions {
		switch name, _ := health.Find(s.Health.Conditions[i].State); name {
		case health.Starting, health.Blind, health.NoFullDiskAccess: // says all that there is to say
			return out
		}
	}
	detail := fmt.Sprintf("%d events read", s.Health.Sensor.Lines)
	if s.Health.Sensor.LastCanary != nil {
		return append(out, well("sensor", detail+", and a canary came back: Full Disk Access is granted"))
	}
	return append(out, unknown("sensor", detail+", and no canary yet", "wait for CanaryInterval, or run sudo hooksnare simulate"))
}

// conditionFindings tells every condition that is on. That of an output that fails now is told
// with the output.
func conditionFindings(s *health.Status) []Finding {
	var out []Finding
	for i := range s.Health.Conditions {
		c := &s.Health.Conditions[i]
		if !slices.ContainsFunc(s.Health.Outputs, func(o alert.OutputFacts) bool { return !o.Healthy && c.State == outputFailed(&o) }) {
			out = append(out, ofCondition(c.State, c.State, c.Detail))
		}
	}
	return out
}

// outputFailed is the condition of an output that fails, as text.
func outputFailed(o *alert.OutputFacts) string { return health.OutputFailed.Of(o.Name).String() }

// ofCondition returns the finding of a condition that is on, with what the table says of it. A
// status that a newer agent wrote may have one that is not in it.
func ofCondition(check, state, detail string) Finding {
	f := failing(check, detail, "update this program: it does not know this state, which a newer agent wrote")
	if name, ok := health.Find(state); ok {
		row := name.Row()
		f.Meaning, f.Mend = row.Meaning, row.Cure
		if row.Silent {
			f.State = FindingUnknown
		}
	}
	return f
}

// arriving tells how every output stands.
func arriving(s *health.Status) []Finding {
	var out []Finding
	for _, o := range s.Health.Outputs {
		check, words := "output "+o.Name, outputWords(&o)
		if o.Healthy {
			out = append(out, well(check, words))
		} else {
			out = append(out, ofCondition(check, outputFailed(&o), o.Error+"; "+words))
		}
	}
	return out
}

func outputWords(o *alert.OutputFacts) string {
	text := fmt.Sprintf("%s, %d delivered, %d waiting", o.Type, o.Delivered, o.Depth)
	if o.Refused > 0 {
		text += fmt.Sprintf(", %d refused by the receiver", o.Refused)
	}
	if o.Lost > 0 {
		text += fmt.Sprintf(", %d lost", o.Lost)
	}
	return text
}
