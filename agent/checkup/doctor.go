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

// Finding is one thing that doctor has checked.
type Finding struct {
	Check   string `json:"check"`
	State   string `json:"state"` // well, failing, or unknown where it can't be seen from here
	Detail  string `json:"detail"`
	Meaning string `json:"meaning,omitempty"` // of a condition: what it means for detection
	Cure    string `json:"cure,omitempty"`    // what to do about it
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

func failing(check, detail, cure string) Finding {
	return Finding{Check: check, State: FindingFailing, Detail: detail, Cure: cure}
}

func unknown(check, detail, cure string) Finding {
	return Finding{Check: check, State: FindingUnknown, Detail: detail, Cure: cure}
}

// Diagnose checks what the agent needs and what it reports, and says what to do about what is
// missing. loaded is the error of loading the configuration.
func Diagnose(c config.Config, sources config.Sources, loaded error, now time.Time) []Finding {
	out := []Finding{checkPrivileges(c), checkEslogger(c), checkConfiguration(c, sources, loaded, now)}
	st, err := health.ReadStatus(c.StateDir)
	switch {
	case os.IsPermission(err):
		return append(out, unknown("agent", err.Error(), "run doctor with sudo"))
	case !health.Running(c.StateDir):
		if os.Geteuid() != 0 && c.Root == "" {
			return append(out, unknown("agent", "no agent runs", "run doctor with sudo, which can see whether it runs"))
		}
		return append(out, failing("agent", "no agent runs", "sudo hooksnare install, or sudo hooksnare start"))
	case err != nil:
		return append(out, failing("agent", err.Error(), "sudo hooksnare restart"))
	}
	out = append(out, well("agent", fmt.Sprintf("runs as pid %d since %s", st.PID, st.Started.Format(time.DateTime+"Z"))))
	inForce, onDisk := st.Settings()
	if onDisk == "" {
		out = append(out, well("in force", inForce))
	} else {
		out = append(out, failing("in force", inForce+"; on the disk is "+onDisk, "sudo hooksnare check names every fault; a change is in force within ten seconds"))
	}
	if age := now.Sub(st.Written); age > health.MaxStatusAge {
		out = append(out, failing("status", fmt.Sprintf("the agent has written no status for %v", age.Round(time.Second)),
			"sudo hooksnare restart, and send its log /var/log/hooksnare/agent.log"))
	}
	return slices.Concat(out, conditionFindings(&st), sensorFindings(&st), outputFindings(&st))
}

func checkPrivileges(c config.Config) Finding {
	switch {
	case os.Geteuid() == 0:
		return well("root", "this runs as root")
	case c.Root != "" || runtime.GOOS != "darwin":
		return well("root", "not needed on this disk")
	}
	return unknown("root", "this runs as an ordinary user, who can't see all", "run doctor with sudo")
}

func checkEslogger(c config.Config) Finding {
	info, err := os.Stat(c.EsloggerPath)
	switch {
	case err != nil && c.Root != "":
		return unknown("eslogger", "the agent of this disk runs what --eslogger names", "")
	case err != nil:
		return failing("eslogger", err.Error(), "eslogger comes with macOS 13 and later: update macOS, or check EsloggerPath")
	case info.IsDir() || info.Mode()&0o111 == 0:
		return failing("eslogger", c.EsloggerPath+" is not a program", "check EsloggerPath")
	}
	return well("eslogger", c.EsloggerPath+" is there")
}

func checkConfiguration(c config.Config, sources config.Sources, loaded error, now time.Time) Finding {
	if _, faults := Check(c, sources, loaded, now, ThisMac); len(config.Faults(faults)) > 0 {
		return failing("configuration", config.Summary(faults), "sudo hooksnare check names every fault")
	}
	for _, name := range [...]string{config.ManagedFile, config.LocalFile} {
		if _, err := os.Stat(filepath.Join("/", c.Root, name)); err == nil {
			return well("configuration", "sound, of "+name)
		}
	}
	return well("configuration", "sound, of the defaults: there is no profile and no local file")
}

// sensorFindings is whether a canary proved that commands are seen. Conditions that say that they
// are not seen say enough.
func sensorFindings(s *health.Status) []Finding {
	for i := range s.Health.Conditions {
		switch name, _ := health.Find(s.Health.Conditions[i].State); name {
		case health.Starting, health.Blind, health.NoFullDiskAccess:
			return nil
		}
	}
	detail := fmt.Sprintf("%d events read", s.Health.Sensor.Lines)
	if s.Health.Sensor.LastCanary != nil {
		return []Finding{well("sensor", detail+", and a canary came back: Full Disk Access is granted")}
	}
	return []Finding{unknown("sensor", detail+", and no canary yet", "wait for CanaryInterval, or run sudo hooksnare simulate")}
}

// conditionFindings are the conditions that are on, but for that of an output that fails now: it
// is reported with the output.
func conditionFindings(s *health.Status) []Finding {
	var out []Finding
	for i := range s.Health.Conditions {
		c := &s.Health.Conditions[i]
		if !slices.ContainsFunc(s.Health.Outputs, func(o alert.OutputFacts) bool { return !o.Healthy && c.State == outputFailed(&o) }) {
			out = append(out, conditionFinding(c.State, c.State, c.Detail))
		}
	}
	return out
}

// outputFailed is the condition of an output that fails, as text.
func outputFailed(o *alert.OutputFacts) string { return health.OutputFailed.Of(o.Name).String() }

// conditionFinding returns the finding of a condition that is on, with its meaning and cure. A
// status that a newer agent wrote may have a condition that is not known here.
func conditionFinding(check, state, detail string) Finding {
	f := failing(check, detail, "update this program: it does not know this state, which a newer agent wrote")
	if name, ok := health.Find(state); ok {
		row := name.Row()
		f.Meaning, f.Cure = row.Meaning, row.Cure
		if row.Silent {
			f.State = FindingUnknown
		}
	}
	return f
}

func outputFindings(s *health.Status) []Finding {
	var out []Finding
	for _, o := range s.Health.Outputs {
		text := fmt.Sprintf("%s, %d delivered, %d waiting", o.Type, o.Delivered, o.Depth)
		if o.Refused > 0 {
			text += fmt.Sprintf(", %d refused by the receiver", o.Refused)
		}
		if o.Lost > 0 {
			text += fmt.Sprintf(", %d lost", o.Lost)
		}
		if check := "output " + o.Name; o.Healthy {
			out = append(out, well(check, text))
		} else {
			out = append(out, conditionFinding(check, outputFailed(&o), o.Error+"; "+text))
		}
	}
	return out
}
