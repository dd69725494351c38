package profile

import (
	"errors"
	"fmt"
	"strings"
)

// Signer says whose program may have Full Disk Access: a team's, or builds that are known by the
// hashes of their code directories.
type Signer struct {
	Team   string
	Hashes []string // 40 hex digits, one for each slice of a build
}

// errUnsigned says what a build without a signature can't have.
var errUnsigned = errors.New(`--team: expected the team id that signed the program
A build that no team signed has no lasting identity, so no profile can grant it Full Disk Access for good.
Its present build can have it by --cdhash, once for each slice that codesign -dvvv shows (after codesign -s -
for a slice that is not signed at all); each new build then needs a new profile before it is installed`)

// requirement returns the code requirement that the program must meet.
func (s Signer) requirement() (string, error) {
	switch err := checkTeam(s.Team); {
	case err != nil:
		return "", err
	case s.Team == "" && len(s.Hashes) == 0:
		return "", errUnsigned
	case s.Team != "" && len(s.Hashes) > 0:
		return "", errors.New("--cdhash: only for a program that no team signed; leave it out beside --team")
	case s.Team != "":
		return `identifier "` + label + `" and anchor apple generic and ` +
			`certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and ` + // issued by Apple's Developer ID authority
			`certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and ` + // for programs outside the App Store
			`certificate leaf[subject.OU] = "` + s.Team + `"`, nil
	}
	var terms []string
	for _, hash := range s.Hashes {
		if !cdhashPattern.MatchString(hash) {
			return "", fmt.Errorf("--cdhash %q: expected 40 hex digits, as codesign -dvvv shows them", hash)
		}
		terms = append(terms, `cdhash H"`+strings.ToLower(hash)+`"`)
	}
	return strings.Join(terms, " or "), nil
}

// FullDiskAccess returns the profile that lets the program read what eslogger reads.
func (o Options) FullDiskAccess(s Signer) ([]byte, error) {
	requirement, err := s.requirement()
	if err != nil {
		return nil, err
	}
	return o.encode("fda", "Hooksnare: Full Disk Access", "Lets Hooksnare see which programs run. It must come by a user-approved MDM.", payload{
		kind: "com.apple.TCC.configuration-profile-policy",
		values: map[string]any{"Services": map[string]any{"SystemPolicyAllFiles": []any{map[string]any{
			"Identifier": Program, "IdentifierType": "path", "CodeRequirement": requirement, "Allowed": true,
		}}}},
	})
}

// BackgroundItem returns the profile that keeps people from turning the agent's launchd job off. With
// a team, only a job whose program that team signed is meant.
func (o Options) BackgroundItem(team string) ([]byte, error) {
	if err := checkTeam(team); err != nil {
		return nil, err
	}
	rule := map[string]any{"RuleType": "Label", "RuleValue": label, "Comment": "Hooksnare's agent"}
	if team != "" {
		rule["TeamIdentifier"] = team
	}
	return o.encode("background", "Hooksnare: background item", "Keeps Hooksnare's agent running. It must come by a user-approved MDM.", payload{
		kind: "com.apple.servicemanagement", values: map[string]any{"Rules": []any{rule}},
	})
}

// Settings returns the profile that configures the agent.
func (o Options) Settings(values map[string]any) ([]byte, error) {
	return o.encode("settings", "Hooksnare: settings", "The configuration of Hooksnare.", payload{kind: label, values: values})
}
