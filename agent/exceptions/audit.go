package exceptions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/safefile"
)

// auditLog is the log of every change of the exceptions, on the disk below root, and
// maxAudit bounds what of it is read to tell who made one, in bytes.
const (
	auditLog = "/var/log/hooksnare/audit.jsonl"
	maxAudit = 64 << 20
)

// AuditPath returns the path of the audit log on the disk below root.
func AuditPath(root string) string { return filepath.Join("/", root, auditLog) }

// AuditEntry is one line of the audit log. It is written before the change is made; one
// with an Error tells that nothing came of it.
type AuditEntry struct {
	Time      time.Time         `json:"time"`
	Verb      string            `json:"verb"` // add or remove
	ID        string            `json:"id"`
	By        Who               `json:"by"`
	Reason    string            `json:"reason,omitempty"`
	Alert     string            `json:"alert,omitempty"` // event.id of the one that it was made of
	Exception *config.Exception `json:"exception,omitempty"`
	Error     string            `json:"error,omitempty"`
}

// Who is the user who changes exceptions. sudo says who is behind it; nothing proves that.
type Who struct {
	UID      int    `json:"uid"`
	SudoUser string `json:"sudo_user,omitempty"`
	SudoUID  string `json:"sudo_uid,omitempty"`
}

// Whoever returns who runs this process.
func Whoever() Who {
	return Who{UID: os.Getuid(), SudoUser: clip.Text(os.Getenv("SUDO_USER"), clip.WordBytes), SudoUID: clip.Text(os.Getenv("SUDO_UID"), clip.WordBytes)}
}

// String names the user for a person.
func (w Who) String() string {
	if w.SudoUser != "" {
		return w.SudoUser
	}
	return fmt.Sprintf("user %d", w.UID)
}

// appendAudit adds a line to the audit log; it is on the disk when this returns. The log is
// never rotated.
func appendAudit(root string, e *AuditEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	log, err := logfile.Open(AuditPath(root), logfile.Options{MaxBytes: math.MaxInt64, Root: root})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err = log.Append(append(bytes.Clone(alert.Escaped(line)), '\n')); err != nil {
		err = fmt.Errorf("audit: %w", err)
	}
	return errors.Join(err, log.Close())
}

// readAudit returns, by the exception's ID, the line that says who added it. A log
// that is not there has none.
func readAudit(root string) (map[string]AuditEntry, error) {
	b, _, err := safefile.Disk{Root: root}.ReadTrusted(AuditPath(root), maxAudit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	out := map[string]AuditEntry{}
	for line := range bytes.Lines(b) {
		var e AuditEntry
		if json.Unmarshal(line, &e) != nil || e.Verb != "add" {
			continue // what is not ours says nothing of who added what
		}
		if out[e.ID] = e; e.Error != "" {
			delete(out, e.ID) // nothing came of the line before
		}
	}
	return out, nil
}
