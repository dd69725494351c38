package exceptions

import (
	"errors"
	"io/fs"
	"reflect"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
)

// AllowedHook is an exception that counts.
type AllowedHook struct {
	config.Exception
	Source  string `json:"source"`         // exceptions, managed, local, file; default for what comes with the agent
	File    string `json:"file,omitempty"` // where it is written
	Expired bool   `json:"expired,omitempty"`
	Added   *Added `json:"added,omitempty"`
	Use     *Use   `json:"use,omitempty"` // nil where no running agent tells
}

// Added says who added an exception, as the audit log has it.
type Added struct {
	Time   time.Time `json:"time"`
	By     Who       `json:"by"`
	Alert  string    `json:"alert,omitempty"`
	Edited bool      `json:"edited,omitempty"` // it is not what was added any more
}

// Use is how often the running agent used an exception.
type Use struct {
	Since  time.Time `json:"since"`
	Hits   uint64    `json:"hits"`
	Broken uint64    `json:"broken"` // its pin did not hold
}

// ListExceptions returns all exceptions of a configuration, the file of exceptions included.
// The error tells what of their history can't be known; the list is complete all the same.
func ListExceptions(c config.Config, sources config.Sources, now time.Time) ([]AllowedHook, error) {
	audit, auditErr := readAudit(c.Root)
	uses, usesErr := usesOf(c.StateDir)
	out := make([]AllowedHook, len(c.Exceptions))
	for i := range c.Exceptions {
		x := &c.Exceptions[i]
		row := AllowedHook{Exception: *x, Source: "default", Expired: x.Expired(now)}
		if x.Own {
			row.Source, row.File = string(config.Own), config.ExceptionsPath(c.Root)
			row.Added = addedBy(audit, *x)
		} else if source, found := sources.Of(x.Key); found && x.Key != "" {
			row.Source, row.File = string(source.Layer), source.Name
		}
		if u, found := uses[x.ID]; found {
			row.Use = &Use{u.Since, u.Hits, u.Broken}
		}
		out[i] = row
	}
	return out, errors.Join(auditErr, usesErr)
}

func addedBy(audit map[string]AuditEntry, x config.Exception) *Added {
	e, found := audit[x.ID]
	if !found {
		return nil
	}
	x.Key, x.Own = "", false // which the log does not hold
	return &Added{Time: e.Time, By: e.By, Alert: e.Alert, Edited: !reflect.DeepEqual(e.Exception, &x)}
}

// usesOf returns what the agent that works with a state folder reports about its exceptions, by
// id; nothing before the first has run, and when none runs.
func usesOf(dir string) (map[string]health.ExceptionStatus, error) {
	s, err := health.ReadStatus(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !s.HasProcess() {
		return nil, err
	}
	out := map[string]health.ExceptionStatus{}
	for _, x := range s.Exceptions {
		out[x.ID] = x
	}
	return out, nil
}

// idleAfter is how long an exception may go without use before that is worth a word.
const idleAfter = 24 * time.Hour

// Idle returns what to say of exceptions that covered nothing although the agent has gone by
// them for a day. The default is not among them: it is for some Macs only.
func Idle(c config.Config, sources config.Sources, now time.Time) ([]error, error) {
	uses, err := usesOf(c.StateDir)
	var out []error
	for i := range c.Exceptions {
		x := &c.Exceptions[i]
		u, found := uses[x.ID]
		if !found || u.Hits > 0 || x.Key == "" || now.Sub(u.Since) < idleAfter {
			continue
		}
		why := "exception " + x.ID + " has covered nothing since " + u.Since.UTC().Format(time.DateTime) + "Z: remove it unless it is needed"
		if u.Broken > 0 {
			why = "exception " + x.ID + " has covered nothing since " + u.Since.UTC().Format(time.DateTime) + "Z, since what it asks of the program did not hold"
		}
		out = append(out, sources.ProblemOf(x, "", why))
	}
	return out, err
}
