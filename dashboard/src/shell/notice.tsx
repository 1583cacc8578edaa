import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  /** An error; screen readers announce it at once. */
  readonly alert?: boolean;
  readonly children?: ReactNode;
}

/** In place of a part that has nothing to show; says what to do next. */
export function Notice({ title, alert = false, children }: Props) {
  return (
    <div className={alert ? 'notice bad' : 'notice'} role={alert ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}
