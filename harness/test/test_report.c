/* test_report.c - `grosr report` without a browser: what it refuses, what it escapes, that it is
 * the same bytes each time, loads nothing, and does without gnuplot. A browser looks at it in
 * check_report. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "spawn.h"

static const struct made_point points[] = {
    {"grosr_host", "roundtrip_us", "us", "tasks=1,window=1", 1.0, 0.001, 20, NULL},
    {"pthread", "roundtrip_us", "us", "tasks=1,window=1", 8.0, 0.01, 20, NULL},
    {"pocl", "", "", "tasks=1,window=1", 0, 0, 0, "skipped"},
    {"futex_wake", "", "", "tasks=1,window=1", 0, 0, 0, "crashed"},
    {"openmp_task", "", "", "tasks=1,window=1", 0, 0, 0, "timeout"},
};

/* Runs `grosr report r ARGUMENTS` on a made run. */
static void report(struct spawned *run, const char *device_text, const char *arguments)
{
  const struct made_run made = {
      "exp1_launch_latency", "cpu", device_text, "tasks,window", points, 5, NULL};
  char path[96];
  char words[256];
  spawn_open(run);
  snprintf(path, sizeof(path), "%s/r", run->folder);
  results_make(path, &made);
  results_write(run->folder, "caveats.md",
                "# Caveats\n\n## Seen\n| a | b |\n| --- | --- |\n| 1 < 2 | `x` |\n\n- one **two**\n"
                "  three\n- <script>alert(1)</script>\n");
  snprintf(words, sizeof(words), "report r %s", arguments);
  spawn(run, "HX_TEST_GROSR", words);
}

static void refused(const char *arguments, const char *part)
{
  struct spawned run;
  report(&run, "Made CPU", arguments);
  cr_assert_eq(run.code, 2, "%s: exit %d", arguments, run.code);
  cr_assert_not_null(strstr(run.err, part), "'%s' lacks '%s'", run.err, part);
  spawn_close(&run);
}

Test(report, wrong_wishes_are_refused, .timeout = 60)
{
  refused("", "say by --out FILE.html");
  refused("--out no/such/folder.html", "in a folder that is there");
  refused("--out o.html --caveats none.md", "give --caveats a Markdown file");
  refused("nothere --out o.html", "there is no folder nothere");
  refused("--out o.html --claims nothere", "--claims");
  refused("--outt o.html", "unrecognized option");
}

Test(report, an_edited_run_makes_no_report, .timeout = 60)
{
  struct spawned run;
  report(&run, "Made CPU", "--out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char path[96];
  snprintf(path, sizeof(path), "%s/r", run.folder);
  results_edit(path, "exp1_launch_latency/points.csv", ",1.0095,", ",0.0095,");
  results_sum(path, "exp1_launch_latency");
  spawn(&run, "HX_TEST_GROSR", "report r --out p.html");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "does not follow from the samples"), "%s", run.err);
  cr_assert_null(spawn_read(&run, "p.html"));
  spawn_close(&run);
}

Test(report, text_is_escaped_and_markdown_is_read, .timeout = 60)
{
  struct spawned run;
  report(&run, "CPU <img src=x onerror=alert(1)> & \"co\"", "--out o.html --caveats caveats.md");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *html = spawn_read(&run, "o.html");
  cr_assert_null(strstr(html, "<img"));
  cr_assert_not_null(strstr(html, "CPU &lt;img src=x onerror=alert(1)&gt; &amp; &quot;co&quot;"));
  cr_assert_null(strstr(html, "<script>alert"));
  cr_assert_not_null(strstr(html, "<td>1 &lt; 2</td><td><code>x</code></td>"));
  cr_assert_not_null(strstr(html, "<li>one <strong>two</strong> three</li>"));
  cr_assert_not_null(strstr(html, "why, in words"));
  free(html);
  spawn_close(&run);
}

Test(report, no_text_of_run_json_becomes_markup, .timeout = 60)
{
  static const char *const edits[][2] = {{"\"0123456789abcdef\"", "\"<b>0<i>1\""},
                                         {"\"a made run\"", "\"<b>title\""},
                                         {"\"smoke\"", "\"<b>tier\""},
                                         {"\"Made CPU\"", "\"<b>model\""},
                                         {"\"B\"", "\"<b>\""},
                                         {"\"for a test\"", "\"<b>reasons\""},
                                         {"\"00\"", "\"<b>sha\""},
                                         {"\"points\"",
                                          "\"exit\": {\"reason\": \"<b>why\"}, \"remarks\": "
                                          "[\"<b>r\"], \"time_start_utc\": \"<b>t\", "
                                          "\"points\""}};
  struct spawned run;
  char path[96];
  report(&run, "<b>device", "--out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  snprintf(path, sizeof(path), "%s/r", run.folder);
  for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
    results_edit(path, "exp1_launch_latency/run.json", edits[i][0], edits[i][1]);
  results_sum(path, "exp1_launch_latency");
  spawn(&run, "HX_TEST_GROSR", "report r --out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *html = spawn_read(&run, "o.html");
  cr_assert_null(strstr(html, "<b>"), "%.60s", strstr(html, "<b>"));
  cr_assert_geq(spawn_count(html, "&lt;b&gt;"), 10);
  free(html);
  spawn_close(&run);
}

/* base64 -d and gzip -d give back the bytes of samples.csv. */
Test(report, every_sample_is_one_click_away_and_so_is_why_a_point_has_none, .timeout = 60)
{
  struct spawned run;
  char command[512];
  report(&run, "Made CPU", "--out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  snprintf(
      command, sizeof(command),
      "cd '%s' && sed -n 's/.*application.gzip;base64,\\([^\"]*\\)\".*/\\1/p' o.html | base64 -d | "
      "gzip -d | cmp - r/exp1_launch_latency/samples.csv",
      run.folder);
  cr_assert_eq(system(command), 0, "the samples of the page are others");
  char *html = spawn_read(&run, "o.html");
  cr_assert_not_null(strstr(html, "<strong>skipped</strong>"));
  cr_assert_not_null(strstr(html, "<strong>crashed</strong>"));
  cr_assert_not_null(strstr(html, "<strong>timeout</strong>"));
  cr_assert_not_null(strstr(html, "<dt>points failed</dt><dd>2</dd>"));
  cr_assert_not_null(strstr(html, "<li>B made: for a test</li>"));
  free(html);
  spawn_close(&run);
}

Test(report, the_same_input_gives_the_same_bytes_and_loads_nothing, .timeout = 60)
{
  struct spawned run;
  report(&run, "Made CPU", "--out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  spawn(&run, "HX_TEST_GROSR", "report r --out o2.html");
  char *first = spawn_read(&run, "o.html");
  char *second = spawn_read(&run, "o2.html");
  cr_assert(strcmp(first, second) == 0, "two reports of one run differ");
  cr_assert_null(strstr(first, "src="));
  cr_assert_null(strstr(first, "@import"));
  cr_assert_null(strstr(first, "href=\"http"));
  cr_assert_null(strstr(first, "href='http"));
  cr_assert_null(strstr(first, "xlink"));
  cr_assert_null(strstr(first, "/tmp/grosr-report"));
  free(first);
  free(second);
  spawn_close(&run);
}

Test(report, without_gnuplot_it_says_what_to_install, .timeout = 60)
{
  struct spawned run;
  setenv("PATH", "/nowhere", 1);
  report(&run, "Made CPU", "--out o.html");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *html = spawn_read(&run, "o.html");
  cr_assert_not_null(strstr(html, "install <code>gnuplot-nox</code>"));
  cr_assert_null(strstr(html, "<figure>"));
  free(html);
  setenv("PATH", "/usr/bin:/bin", 1); /* spawn_close() needs rm */
  spawn_close(&run);
}
