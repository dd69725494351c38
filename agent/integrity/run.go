package integrity

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/safefile"
)

const (
	runFile = "run.json"
	// stopTime is how long after a verb said that it ends the agent that may take: launchd waits for 20
	// seconds, and is asked again and again.
	stopTime   = 2 * time.Minute
	clockSlack = 5 * time.Second
	// aliveEvery is how old the status of an agent may be that was killed and that launchd has started
	// again at once: it writes one each minute.
	aliveEvery = 3 * time.Minute
)

// Run is a run of the agent as launchd's job, for the next one.
type Run struct {
	Boot    string    `json:"boot"` // id of the boot session
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`   // zero while it runs, and when it was killed
	Itself  bool      `json:"itself,omitempty"` // it ended by itself
}

// Write keeps a run.
func (r Run) Write(save func(name string, b []byte) error) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return save(runFile, b)
}

// ReportStart reports that the run before was ended, or its job unloaded, by none of Hooksnare's
// verbs. That is known at the next start only. A Mac that was restarted ended it rightly. alive is when
// the run before showed last that it was.
func ReportStart(stateDir, boot string, alive, now time.Time, report health.Report) {
	var before Run
	b, _, err := safefile.Disk{}.ReadTrusted(filepath.Join(stateDir, runFile), maxFile)
	if err != nil || json.Unmarshal(b, &before) != nil || before.Boot != boot || before.Itself {
		return
	}
	ended, how := before.Ended, "was ended at "
	if ended.IsZero() {
		if alive.Before(before.Started) {
			alive = before.Started // it was killed before it wrote a status, or that is damaged
		}
		if ended, how = alive, "was killed after "; now.Sub(alive) < aliveEvery {
			return // it crashed, and launchd has started it again at once
		}
	}
	setBack := ended.Before(before.Started) // the clock, in the meantime
	for _, a := range readAccepted(stateDir) {
		of := setBack || !a.At.Before(before.Started) // the stop is one of that run
		if since := ended.Sub(a.At); a.What == Stop && of && since > -clockSlack && since < stopTime {
			return
		}
	}
	detail := fmt.Sprintf("the agent %s%s and did not run until %s: its launchd job was unloaded, or it was sent a signal",
		how, ended.UTC().Format(time.DateTime+"Z"), now.UTC().Format(time.DateTime+"Z"))
	reportMoment(report, "launchd", detail, ended, now)
}
