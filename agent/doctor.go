package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// Finding is one thing that doctor has looked at.
type Finding struct {
	Check  string `json:"check"`
	State  string `json:"state"` // well, failing, or unknown where it can't be told from here
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what to do about it
}

// The states of a finding.
const (
	FindingWell    = "well"
	FindingFailing = "failing"
	FindingUnknown = "unknown"
)

// mends tell what to do about a condition that is on, by its name before a dot.
var mends = map[string]string{
	"no_full_disk_access": "System Settings, Privacy & Security, Full Disk Access: add the hooksnare program, or deliver a profile with SystemPolicyAllFiles for it; then sudo hooksnare restart",
	"not_root":            "let launchd run the agent: sudo hooksnare install",
	"not_entitled":        "EsloggerPath must name Apple's own /usr/bin/eslogger",
	"too_many_clients":    "quit other programs that use Endpoint Security; the agent tries again every minute",
	"unknown_event":       "take the event that this macOS lacks out of EsloggerEvents",
	"not_started":         "look at EsloggerPath: it must name a program that can be run",
	"blind":               "look for no_full_disk_access first; then sudo hooksnare restart",
	"configuration":       "sudo hooksnare check names every fault",
	"rules":               "sudo hooksnare check names every fault",
	"spool_full":          "make room on the disk of the state folder",
	"spool_failed":        "look at owner and mode of the state folder: root, 0700",
	"state_not_saved":     "look at owner, mode and room of the state folder",
	"state_unsafe":        "do to the folder what the reason says, so that only root can write it and those above it; then sudo hooksnare restart",
	"program_unsafe":      "do to the program or folder what the reason says, so that only root can write it; then sudo hooksnare restart",
	"output_failed":       "the reason says what to do; sudo hooksnare simulate proves it afterwards",
}

// Diagnose looks at what the agent needs and has, and says how to mend what is missing.
func Diagnose(c config.Config, sources config.Sources, loaded error, now time.Time) []Finding {
	out := []Finding{privileges(c), sensorProgram(c), configured(c, sources, loaded, now)}
	st, err := ReadStatus(c.StateDir)
	running := Running(c.StateDir)
	switch {
	case os.IsPermission(err):
		return append(out, Finding{"agent", FindingUnknown, err.Error(), "run doctor with sudo"})
	case !running:
		f := Finding{"agent", FindingFailing, "no agent runs", "sudo hooksnare install, or sudo hooksnare start"}
		if os.Geteuid() != 0 && c.Root == "" {
			f.State, f.Mend = FindingUnknown, "run doctor with sudo, which can see whether it runs"
		}
		return append(out, f)
	case err != nil:
		return append(out, Finding{"agent", FindingFailing, err.Error(), "sudo hooksnare restart"})
	}
	out = append(out, Finding{"agent", FindingWell, fmt.Sprintf("runs as pid %d since %s", st.PID, st.Started.Format(time.DateTime+"Z")), ""})
	if age := now.Sub(st.Written); age > stale {
		out = append(out, Finding{"status", FindingFailing, fmt.Sprintf("the agent has told nothing for %v", age.Round(time.Second)), "sudo hooksnare restart, and send its log /var/log/hooksnare/agent.log"})
	}
	return append(append(out, sensing(&st)...), arriving(&st)...)
}

func privileges(c config.Config) Finding {
	switch {
	case os.Geteuid() == 0:
		return Finding{"root", FindingWell, "this runs as root", ""}
	case c.Root != "" || runtime.GOOS != "darwin":
		return Finding{"root", FindingWell, "not needed on this disk", ""}
	}
	return Finding{"root", FindingUnknown, "this runs as an ordinary user, who can't see all", "run doctor with sudo"}
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
	if list := Faults(faults); len(list) > 0 {
		return Finding{"configuration", FindingFailing, oneLine(faults), "sudo hooksnare check names every fault"}
	}
	from := "the defaults: there is no profile and no local file"
	for _, name := range [...]string{config.ManagedFile, config.LocalFile} {
		if _, err := os.Stat(filepath.Join("/", c.Root, name)); err == nil {
			from = name
			break
		}
	}
	return Finding{"configuration", FindingWell, "sound, of " + from, ""}
}

// sensing tells of what the running agent sees, and of every condition but its outputs'.
func sensing(s *Status) []Finding {
	var out []Finding
	for _, c := range s.Health.Conditions {
		name, _, _ := strings.Cut(c.State, ".")
		if name == "output_failed" {
			continue
		}
		out = append(out, Finding{c.State, FindingFailing, c.Detail, mends[name]})
	}
	sensor := Finding{"sensor", FindingWell, fmt.Sprintf("%d events read", s.Health.Sensor.Lines), ""}
	switch {
	case slices.ContainsFunc(out, func(f Finding) bool { return f.Check == "blind" || f.Check == "no_full_disk_access" }):
		return out
	case s.Health.Sensor.LastCanary != nil:
		sensor.Detail += ", and a canary came back: Full Disk Access is granted"
	default:
		sensor.State, sensor.Detail = FindingUnknown, sensor.Detail+", and no canary yet"
		sensor.Mend = "wait for CanaryInterval, or run sudo hooksnare simulate"
	}
	return append(out, sensor)
}

// arriving tells of every output.
func arriving(s *Status) []Finding {
	var out []Finding
	for _, o := range s.Health.Outputs {
		f := Finding{Check: "output " + o.Name, State: FindingWell, Detail: outputWords(&o)}
		if !o.Healthy {
			f.State, f.Detail, f.Mend = FindingFailing, o.Error+"; "+f.Detail, mends["output_failed"]
		}
		out = append(out, f)
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
