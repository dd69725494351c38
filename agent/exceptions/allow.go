package exceptions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/agent/config"
	"hooksnare/pkg/safefile"
)

// Allow changes the exceptions of their own file on the disk below a root. What is changed
// is written to the audit log first: after a crash in between the log names a change that is
// not there, and never the other way round.
type Allow struct {
	root   string
	beside []config.Exception // of the configuration
	by     Who
	now    func() time.Time

	write func(path string, data []byte, perm fs.FileMode) error // another one in tests
	wait  time.Duration                                          // for who changes them at the same time
}

// What is wrong with a change that was asked for.
var (
	ErrKnownException = errors.New("is there already")
	ErrNoException    = errors.New("no such exception")
	ErrNotOwn         = errors.New("can't be removed here")
)

// lockWait is how long another change may take.
const lockWait = 10 * time.Second

// NewAllow returns what changes exceptions for a user.
func NewAllow(c config.Config, by Who) *Allow {
	a := &Allow{root: c.Root, by: by, now: time.Now, write: safefile.WriteAtomic, wait: lockWait}
	for _, x := range c.Exceptions {
		if !x.Own {
			a.beside = append(a.beside, x)
		}
	}
	return a
}

// Add adds a proposed exception. An agent that reads the file uses exactly that exception.
func (a *Allow) Add(ctx context.Context, p *Proposal) error {
	x := &p.Exception
	return a.change(ctx, func(f *config.OwnFile) (*AuditEntry, error) {
		if f.Has(x.ID) || slices.ContainsFunc(a.beside, func(o config.Exception) bool { return o.ID == x.ID }) {
			return nil, fmt.Errorf("exception %s: %w: remove it first, or give this one another name with --id", x.ID, ErrKnownException)
		}
		return &AuditEntry{Verb: "add", ID: x.ID, Reason: x.Reason, Alert: p.Alert, Exception: x}, f.Add(x, a.beside)
	})
}

// Remove removes an exception from the file. One of the configuration is not there to be
// removed, which the error says.
func (a *Allow) Remove(ctx context.Context, id string, sources config.Sources) error {
	own, _ := config.OwnExceptions(a.root, a.beside) // one that is wrong can be removed as well
	return a.change(ctx, func(f *config.OwnFile) (*AuditEntry, error) {
		if !f.Has(id) {
			return nil, a.notOwn(id, sources)
		}
		f.Remove(id)
		e := &AuditEntry{Verb: "remove", ID: id}
		if i := slices.IndexFunc(own, func(x config.Exception) bool { return x.ID == id }); i >= 0 {
			e.Exception, e.Reason = &own[i], own[i].Reason
		}
		return e, nil
	})
}

// notOwn says why an exception can't be removed from the file.
func (a *Allow) notOwn(id string, sources config.Sources) error {
	for i := range a.beside {
		x := &a.beside[i]
		if x.ID != id {
			continue
		}
		if source, found := sources.Of(x.Key); found && x.Key != "" {
			return fmt.Errorf("exception %s: %w: it is %s of %s (%s); remove it there", id, ErrNotOwn, x.Key, source.Name, source.Layer)
		}
		return fmt.Errorf("exception %s: %w: it comes with the agent; to do without it, set Exceptions in the configuration", id, ErrNotOwn)
	}
	return fmt.Errorf("exception %s: %w: see hooksnare allow list", id, ErrNoException)
}

// change reads the file, has it changed, checks and tells the change, and writes the file.
func (a *Allow) change(ctx context.Context, edit func(*config.OwnFile) (*AuditEntry, error)) error {
	if err := a.places(); err != nil {
		return onlyRoot(err)
	}
	unlock, err := a.lock(ctx)
	if err != nil {
		return onlyRoot(err)
	}
	defer unlock()
	f, err := config.ReadOwnFile(a.root)
	if err != nil {
		return err
	}
	e, err := edit(f)
	if err != nil {
		return err
	}
	b, err := f.Encode()
	if err != nil {
		return err
	}
	e.Time, e.By = a.now().UTC(), a.by
	if err := appendAudit(a.root, e); err != nil {
		return onlyRoot(fmt.Errorf("nothing was changed: %w", err))
	}
	if err := a.write(config.ExceptionsPath(a.root), b, 0o644); err != nil {
		failed := &AuditEntry{Time: a.now().UTC(), Verb: e.Verb, ID: e.ID, By: a.by, Error: err.Error()}
		return onlyRoot(errors.Join(fmt.Errorf("exceptions: %w", err), appendAudit(a.root, failed)))
	}
	return nil
}

// places makes the folders that are needed, all within the root, and makes sure that nobody
// else can write the one of the exceptions.
func (a *Allow) places() error {
	root, err := os.OpenRoot(filepath.Join("/", a.root))
	if err != nil {
		return err
	}
	defer root.Close()
	for name, perm := range map[string]fs.FileMode{filepath.Dir(config.ExceptionsFile): 0o755, filepath.Dir(auditLog): 0o750} {
		if err := root.MkdirAll(strings.TrimPrefix(name, "/"), perm); err != nil {
			return fmt.Errorf("folder %s: %w", filepath.Join("/", a.root, name), err)
		}
	}
	folder := filepath.Dir(config.ExceptionsFile)
	if err := config.OwnPlace(a.root, folder); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join("/", a.root, folder), err)
	}
	return nil
}

// lock waits until nobody else changes the exceptions. The kernel takes the lock back from
// who dies.
func (a *Allow) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(filepath.Dir(config.ExceptionsPath(a.root)), ".exceptions.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for limit := time.Now().Add(a.wait); ; {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			err = fmt.Errorf("lock %s: %w", path, err)
		case ctx.Err() != nil:
			err = ctx.Err()
		case time.Now().After(limit):
			err = fmt.Errorf("lock %s: another hooksnare allow has held it for %s", path, a.wait)
		default:
			time.Sleep(5 * time.Millisecond)
			continue
		}
		f.Close()
		return nil, err
	}
}

// onlyRoot says what to do about files that only root may write.
func onlyRoot(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root may change exceptions: run it with sudo", err)
	}
	return err
}
