// CHANGELOG.md by its sections, as in keepachangelog.com.

const UNRELEASED = '## [Unreleased]\n';

/** The text below the heading of a version; undefined if there is none. */
export function sectionOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}] - `));
  return section?.slice(section.indexOf('\n') + 1).trim();
}

/**
 * The changelog with the unreleased section moved under the heading of this version. Throws an Error if it is empty.
 */
export function released(changelog, version, date) {
  if (!changelog.includes(UNRELEASED)) throw new Error(`CHANGELOG.md has no heading ${UNRELEASED.trim()}`);
  const [head, rest] = changelog.split(UNRELEASED);
  if (rest.split(/^## /m)[0].trim() === '')
    throw new Error('CHANGELOG.md: nothing is below [Unreleased]; write what changed');
  return `${head}${UNRELEASED}\n## [${version}] - ${date}\n${rest}`;
}
