import { useState } from 'react';

interface Props {
  /** The given token was wrong. */
  readonly refused: boolean;
  onToken(token: string): void;
}

export function TokenForm({ refused, onToken }: Props) {
  const [text, setText] = useState('');
  return (
    <form
      className="notice"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onToken(text.trim());
      }}
    >
      <h2>The API requires a token</h2>
      <p>
        Enter the token that the controller was started with (--api-token or WSCLUSTER_API_TOKEN). Only this tab keeps
        it.
      </p>
      {refused && <p role="alert">That token was refused. Try another one.</p>}
      <label>
        Token{' '}
        <input type="password" autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} />
      </label>{' '}
      <button type="submit">Open</button>
    </form>
  );
}
