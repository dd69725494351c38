package hook

// analyzeLoose tells of a defaults command that has the word write and a hook key
// anywhere in its arguments, whatever the tool would make of it. Rules that look at
// arguments one by one fire on this, and so must a rule on facts.
func analyzeLoose(in *Input, out *findings) {
	write, key := -1, ""
	for i, a := range in.Args {
		if write < 0 && a == "write" {
			write = i
		}
		if key == "" {
			key = hookKey(a)
		}
		if write >= 0 && key != "" {
			break
		}
	}
	if write < 0 || key == "" {
		return
	}
	r := reach{full: true}
	if write > 0 {
		r.take(in.Args[1:write])
	}
	t, rest, _ := r.domainTarget(in, in.Args[write+1:])
	value, hasValue := "", false
	for i, a := range rest {
		if k := hookKey(a); k != "" {
			key = k
			value, hasValue = typedValue(rest[i+1:])
			break
		}
	}
	f := t.fact(toolDefaults, "write", Set, key)
	f.Value, f.HasValue = value, hasValue
	f.Strict = false
	out.add(f)
}
