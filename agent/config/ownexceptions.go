package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// ExceptionsPath returns where the file of exceptions is on the disk below root.
func ExceptionsPath(root string) string { return filepath.Join("/", root, ExceptionsFile) }

// OwnExceptions reads the file of exceptions on the disk below root, which need not be
// there. beside are the exceptions of the configuration, whose IDs are taken.
//
// The error, if any, is an Errors with everything that is wrong. The exceptions that come
// with it are right all the same.
func OwnExceptions(root string, beside []Exception, checkWhere func(condition string) error) ([]Exception, error) {
	list, _, wrong := ownExceptions(root, beside, checkWhere)
	return list, wrong.err()
}

func ownExceptions(root string, beside []Exception, checkWhere func(string) error) ([]Exception, Source, Errors) {
	at := &origin{file: ExceptionsPath(root), root: root, problems: &problems{}, checkWhere: checkWhere}
	list := at.ownFile(beside)
	return list, Source{Layer: Own, Name: at.file, lines: at.lines}, at.problems.sorted(at.file)
}

// ownFile reads the file of exceptions.
func (at *origin) ownFile(beside []Exception) []Exception {
	doc, err := readOwn(at.root)
	if err != nil {
		at.problems.add(&Error{File: at.file, Why: reason(err, at.file)})
	}
	if doc == nil {
		return nil
	}
	return at.ownDocument(doc, beside)
}

// ownDocument reads the content of a file of exceptions.
func (at *origin) ownDocument(doc []byte, beside []Exception) []Exception {
	top, err := plist.Decode(doc)
	if err != nil {
		at.problems.add(malformed(at.file, err))
		return nil
	}
	at.lines = keyLines(doc)
	members, _ := value{origin: at, raw: top}.members([]string{exceptionsKey})
	v, found := members[exceptionsKey]
	if !found {
		return nil
	}
	seen := map[string]string{}
	for i := range beside {
		x := &beside[i]
		if seen[x.ID] = "the default"; x.Key != "" {
			seen[x.ID] = x.Key + " of the configuration"
		}
	}
	list, _ := v.exceptions(seen)
	for i := range list {
		list[i].Own = true
	}
	return list
}

// exceptionsKey is the one key of the file of exceptions.
const exceptionsKey = "Exceptions"

// readOwn returns the content of the file of exceptions, nil if it is not there. Whoever can
// write a folder above it could put another in its place.
func readOwn(root string) ([]byte, error) {
	path := ExceptionsPath(root)
	doc, _, err := safefile.Disk{Root: root}.ReadTrusted(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := OwnPlace(root, ExceptionsFile); err != nil {
		return nil, err
	}
	return doc, nil
}

// OwnPlace reports why a path on the disk below root is no place for what the agent takes
// as its owner's word: others can write there.
func OwnPlace(root, name string) error {
	at, writable, err := safefile.WritableByOthers(filepath.Join("/", root), name)
	if writable {
		return fmt.Errorf("others can write %q: run chown root and chmod go-w for it", at)
	}
	return err
}
